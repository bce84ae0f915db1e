import { Client } from 'pg';
import { freePort } from '../scripts/services/ports.ts';
import { launchPostgres, postgresUrl } from '../scripts/services/postgres.ts';
import { temporaryFolder } from './folder.ts';

/** A real Postgres of the tests' own, on a free port of loopback and a folder of its own. */
export interface PostgresServer {
  /** Of a new, empty database; without a name, of one that is always there. */
  database(name?: string): Promise<string>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const launchAgain = () => launchPostgres({ folder: folder.path, port });
  let server = await launchAgain();
  const url = postgresUrl(port);
  return {
    async database(name) {
      if (name === undefined) return url;
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return new URL(name, url).href;
    },
    // No checkpoint, and recovery at the next start.
    kill: () => server.end('SIGQUIT'),
    async start() {
      server = await launchAgain();
    },
    async stop() {
      await server.end('SIGQUIT');
      folder.remove();
    },
  };
}
