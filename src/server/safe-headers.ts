/** What every answer tells a browser. GraphiQL's page has a policy of its own in the place of this one. */
export const safeHeaders = new Map([
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  // Answers are for those who asked.
  ['cache-control', 'no-store'],
]);
