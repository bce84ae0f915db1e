import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What of a GET's parameters is JSON. */
const json = ['variables', 'extensions'];

/** Refuses JSON in a GET that is none, before it is parsed where that counts as a failure of the server and its log quotes it. */
export const jsonParameters: Plugin = {
  onRequestParse({ request: { method, url } }) {
    if (method !== 'GET') return;
    const given = new URLSearchParams(url.slice(url.indexOf('?') + 1));
    for (const name of json) {
      if (isJson(given.get(name) || 'null')) continue;
      const message = `\`${name}\` of the URL is no JSON. Encode it with encodeURIComponent(JSON.stringify(…)).`;
      throw new GraphQLError(message, { extensions: { http: { status: 400 } } });
    }
  },
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
