import type { NetworkFault } from '../../testing/authorization-server/fault.ts'

/** A fault that a described server can be asked for over HTTP. */
export type PlayedFault = Exclude<NetworkFault, { readonly kind: 'connection_refused' }>

/** One name of a fault. */
interface Named {
  readonly help: string
  /** What a number after a colon means, and its value without one. */
  readonly number?: { readonly unit: string; readonly standard: number }
  make(number: number): PlayedFault
}

const status = (code: number, isProcessed: boolean): Named => ({
  help: isProcessed
    ? `the server processes the request, then a gateway answers ${code}`
    : `a gateway answers ${code}; the server sees nothing`,
  make: () => ({ kind: 'status', status: code, isProcessed }),
})

const retryAfter = (code: number): Named => ({
  help: `answers ${code} with Retry-After; the token is not spent`,
  number: { unit: 'seconds', standard: 1 },
  make: (seconds) => ({
    kind: 'status',
    status: code,
    retryAfterSeconds: seconds,
    isProcessed: false,
  }),
})

/** The faults by name. `slow:2000` gives a number to those that take one. */
const FAULTS: Readonly<Record<string, Named>> = {
  lost_answer: {
    help: 'the server processes the request, then the connection breaks',
    make: () => ({ kind: 'reset', when: 'after_consuming' }),
  },
  lost_request: {
    help: 'the connection breaks before the server has the request',
    make: () => ({ kind: 'reset', when: 'before_consuming' }),
  },
  no_answer: {
    help: 'the server processes the request and never answers',
    make: () => ({ kind: 'silence', isProcessed: true }),
  },
  slow: {
    help: 'the answer comes late',
    number: { unit: 'milliseconds', standard: 5_000 },
    make: (byMs) => ({ kind: 'late', byMs }),
  },
  cut: {
    help: 'the answer breaks off in its body',
    number: { unit: 'bytes', standard: 20 },
    make: (atByte) => ({ kind: 'cut', atByte }),
  },
  garbage: {
    help: 'the server processes the request, and 200 comes with HTML',
    make: () => ({ kind: 'garbage', body: '<html>', isProcessed: true }),
  },
  duplicated: {
    help: 'a proxy sends the request twice, and hands on the second answer',
    make: () => ({ kind: 'duplicated', answer: 'second' }),
  },
  '429': retryAfter(429),
  '503': retryAfter(503),
  '500': status(500, false),
  '502': status(502, false),
  '504': status(504, false),
  '500_spent': status(500, true),
  '502_spent': status(502, true),
  '503_spent': status(503, true),
  '504_spent': status(504, true),
  client_refused: {
    help: 'the server does not know the client, for this once',
    make: () => ({ kind: 'client_refused' }),
  },
  consent_withdrawn: {
    help: 'the user ends the grant right before',
    make: () => ({ kind: 'consent_withdrawn' }),
  },
}

const NUMBER_MAX = 3_600_000

/** The fault of a name, such as `lost_answer` or `slow:2000`. A text says what is wrong with it. */
export function faultOf(name: string): PlayedFault | string {
  const [word = '', number, ...more] = name.trim().split(':')
  const named = Object.hasOwn(FAULTS, word) ? FAULTS[word] : undefined
  if (named === undefined) return `no such fault: write one of ${Object.keys(FAULTS).join(', ')}`
  if (number === undefined) return named.make(named.number?.standard ?? 0)
  if (named.number === undefined || more.length > 0) return `${word} takes no number`
  const value = Number(number)
  if (!/^\d{1,7}$/.test(number) || value > NUMBER_MAX) {
    return `${word} takes ${named.number.unit}: ${word}:${named.number.standard}`
  }
  return named.make(value)
}

/** The faults for a help text, one a line. */
export function faultLines(): string {
  return Object.entries(FAULTS)
    .map(([name, { help, number }]) => {
      const shown = number === undefined ? name : `${name}[:${number.unit}]`
      return `  ${shown.padEnd(22)} ${help}`
    })
    .join('\n')
}
