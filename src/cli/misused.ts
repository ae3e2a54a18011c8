/** A command line that cannot be carried out: its message says why. */
export class Misused extends Error {}
