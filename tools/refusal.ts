/** Why a command does not do what it was asked for. Its message is for the person who asked. */
export class Refusal extends Error {}
