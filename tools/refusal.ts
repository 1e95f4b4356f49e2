/** The error of a command that cannot do its work. Only the message is printed; it says why. */
export class Refusal extends Error {}
