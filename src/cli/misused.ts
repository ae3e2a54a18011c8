/** A command line, or a file that it names, that cannot be used: its message says why. */
export class Misused extends Error {}
