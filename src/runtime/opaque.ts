/** Something that travels through the chart and is nobody's business there: it prints nothing. */
export class Opaque<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  static open<T>(opaque: unknown): T {
    return (opaque as Opaque<T>).#value
  }

  toJSON(): string {
    return '[opaque]'
  }
}
