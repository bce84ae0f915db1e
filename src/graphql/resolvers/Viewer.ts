import { connection, pageRequest } from '../connections.ts';
import type { ViewerResolvers } from '../generated/resolvers.ts';

export const Viewer: ViewerResolvers = {
  conversations: async ({ id }, args, { store }) => connection(await store.conversations.page(id, pageRequest(args))),
  generations: async ({ id }, { status, ...args }, { store, generations }) => {
    const page = await store.generations.page(id, pageRequest(args), status ?? undefined);
    const current = new Map((await generations.current(page.rows.map(({ row }) => row))).map((row) => [row.id, row]));
    const rows = page.rows.map(({ row, position }) => ({ row: current.get(row.id) ?? row, position }));
    return connection({ ...page, rows });
  },
  usage: ({ id }, _args, { store }) => store.generations.usage(id),
};
