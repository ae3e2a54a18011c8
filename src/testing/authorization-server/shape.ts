import { isRecord } from '../../core/decode-body.ts'

/** What a value may be. */
export interface Shape {
  /** What to write, in words. */
  readonly write: string
  /**
   * What is wrong with a value, if anything is.
   *
   * @param at Where it stands: names of members, dots between them.
   */
  readonly fault: (value: unknown, at: string) => string | undefined
}

/** Whatever is taken by a question. */
export function shape(write: string, takes: (value: unknown) => boolean): Shape {
  return {
    write,
    fault: (value, at) =>
      takes(value) ? undefined : `${at} is ${JSON.stringify(value)}, and must be: ${write}`,
  }
}

/** One of these texts. */
export function words(...known: readonly string[]): Shape {
  return shape(known.join(', '), (value) => known.includes(value as string))
}

/** Whatever one of these is. */
export function either(...shapes: readonly Shape[]): Shape {
  return shape(shapes.map(({ write }) => write).join(', '), (value) =>
    shapes.some((each) => is(each, value)),
  )
}

export function list(of: Shape, write: string): Shape {
  return shape(write, (value) => Array.isArray(value) && value.every((each) => is(of, each)))
}

/** An object of any names. */
export function record(of: Shape, write: string): Shape {
  return shape(write, (value) => isRecord(value) && Object.values(value).every((e) => is(of, e)))
}

/** An object of these names. A member that is `undefined` was not given. */
export function members(
  of: Readonly<Record<string, Shape>>,
  needed: readonly string[] = Object.keys(of),
): Shape {
  const names = Object.keys(of).join(', ')
  const whole = shape(`{ ${names} }`, isRecord)
  const memberFault = ([name, value]: [string, unknown], at: string): string | undefined => {
    if (!Object.hasOwn(of, name)) {
      return `there is no ${JSON.stringify(nested(at, name))}, but ${names}`
    }
    return value === undefined ? undefined : of[name]!.fault(value, nested(at, name))
  }
  return {
    write: whole.write,
    fault(value, at) {
      if (!isRecord(value)) return whole.fault(value, at)
      for (const entry of Object.entries(value)) {
        const fault = memberFault(entry, at)
        if (fault !== undefined) return fault
      }
      const missing = needed.find((name) => value[name] === undefined)
      return missing && `${nested(at, missing)} is missing, and must be: ${of[missing]!.write}`
    },
  }
}

function is({ fault }: Shape, value: unknown): boolean {
  return fault(value, '') === undefined
}

function nested(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}
