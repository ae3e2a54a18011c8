/** A property does not hold. The search adds how the world came there. */
export class Violation extends Error {}
