/** A command cannot do its work. The message, which is all that is printed, says why. */
export class Refusal extends Error {}
