/** What a person reads who has just started the server. */
export function greeting({ url, version, dataDir }: { url: string; version: string; dataDir: string }): string {
  const query = 'mutation { generate(input: { prompt: \\"Call me\\" }) { generation { id status } } }';
  return `
Millrace ${version} serves ${url}/graphql, and keeps its data in ${dataDir}

  In a browser:  ${url}/graphql
  In a shell:    curl ${url}/graphql -H 'content-type: application/json' -d '{"query":"${query}"}'

`;
}
