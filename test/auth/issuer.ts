import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** A key pair of the issuer's. */
interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

interface TokenOptions {
  /** Claims that are other than usual; those that are undefined are left out. */
  readonly claims?: JWTPayload;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: IssuerKey;
}

/** Who signs tokens: with a real key set on a real HTTP server. */
export interface Issuer extends AsyncDisposable {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** The keys that it shows, the newest last: tokens are signed by that one. */
  readonly keys: readonly IssuerKey[];
  /** How often its keys were asked for. */
  readonly asked: number;
  /** Makes a new key; the old ones are shown no more. */
  rotate(alg?: string): Promise<IssuerKey>;
  /** A good token for `sub`, for an hour, unless it is told otherwise. */
  token(sub: string, options?: TokenOptions): Promise<string>;
  /** Answers with this status; 200 is well. */
  answers(status: number): void;
}

let made = 0;

export async function newKey(alg = 'RS256'): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `key-${++made}`;
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export async function startIssuer(): Promise<Issuer> {
  const [issuer, audience] = ['https://issuer.example/', 'https://millrace.example'];
  let keys = [await newKey()];
  let [asked, status] = [0, 200];
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ issuer, audience, jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json` },
    get keys() {
      return keys;
    },
    get asked() {
      return asked;
    },
    async rotate(alg) {
      const key = await newKey(alg);
      keys = [key];
      return key;
    },
    answers(next) {
      status = next;
    },
    async token(sub, { claims = {}, header = {}, key = keys.at(-1) } = {}) {
      if (!key) throw new Error('There is no key to sign with.');
      const now = Math.floor(Date.now() / 1000);
      const usual = { iss: issuer, aud: audience, sub, iat: now, exp: now + 3600 };
      const payload = JSON.parse(JSON.stringify({ ...usual, ...claims }));
      return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
