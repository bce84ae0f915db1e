/** Why the server can't start, in words for whoever starts it: nothing is wrong with the program. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}
