import { isRecord } from '../../core/text.ts'
import type { Behaviour, ReuseWindow } from '../../testing/authorization-server/description.ts'
import type { ServerInMemory } from '../../testing/authorization-server/server.ts'
import type { Arriving, Reply } from '../../testing/authorization-server/wire.ts'
import { faultOf, type PlayedFault } from './faults.ts'
import { failed, json, jsonOf } from './sign-in.ts'

/** The prefix of the control endpoints. No authorization server uses it. */
export const CONTROL = '/_play'

/** What the control endpoints rule. */
export interface Stage {
  readonly like: string
  readonly seed: number
  readonly server: ServerInMemory
  /** The axes of the behaviour that nothing describes, and the seed drew. */
  readonly drawn: readonly (keyof Behaviour)[]
  /** Faults that wait for the next exchanges, by name. */
  readonly faults: { readonly name: string; readonly fault: PlayedFault }[]
  /** Moves the server's clock ahead. */
  advance(ms: number): void
  setReuseWindow(window: ReuseWindow): void
  /** Forgets all that happened: the same seed plays the same again. */
  reset(): void
}

/** What was counted at the server. Holds no token: they have names. */
export interface Tally {
  readonly presentations: number
  /** How many refresh tokens arrived more than once. */
  readonly presentedTwice: number
  readonly grants: readonly {
    readonly grant: number
    /** Whether one of its refresh tokens is live. */
    readonly live: boolean
    readonly refreshTokens: readonly {
      readonly name: string
      readonly state: 'live' | 'spent' | 'revoked'
      readonly presentations: number
    }[]
  }[]
}

/** Counts what arrived. */
export function tallyOf({ grants }: ServerInMemory): Tally {
  const tokens = [...grants.refreshTokens.values()]
  const numbers = [...new Set(tokens.map(({ grant }) => grant))]
  return {
    presentations: tokens.reduce((sum, { presentations }) => sum + presentations, 0),
    presentedTwice: tokens.filter(({ presentations }) => presentations > 1).length,
    grants: numbers.map((grant) => {
      const own = tokens.filter((token) => token.grant === grant)
      return {
        grant,
        live: own.some(({ state }) => state === 'live'),
        refreshTokens: own.map(({ name, state, presentations }) => ({
          name,
          state,
          presentations,
        })),
      }
    }),
  }
}

/** Answers requests to the control endpoints. `undefined`: the request is for another. */
export function control(stage: Stage): (request: Arriving) => Reply | undefined {
  return (request) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    if (pathname !== CONTROL && !pathname.startsWith(`${CONTROL}/`)) return undefined
    const what = `${request.method} ${pathname.slice(CONTROL.length + 1)}`
    switch (what.trimEnd()) {
      case 'GET':
        return json(200, shown(stage))
      case 'POST sign-in': {
        const { server } = stage
        return server.answerTo(server.signIn())
      }
      case 'POST faults':
        return addFaults(stage, namesIn(request, searchParams))
      case 'DELETE faults':
        stage.faults.length = 0
        return DONE
      case 'POST clock':
        return advance(stage, numberIn(request, searchParams, 'advance_ms'))
      case 'POST reuse-window':
        return setWindow(stage, windowIn(request, searchParams))
      case 'POST end-grant':
        return endGrant(stage, numberIn(request, searchParams, 'grant'))
      case 'POST reset':
        stage.reset()
        return DONE
      default:
        return failed(404, 'not_found', 'docs/testing-your-client.md lists the endpoints')
    }
  }
}

const DONE: Reply = { status: 204, headers: [], body: '' }

function shown({ like, seed, server, drawn, faults }: Stage): object {
  return {
    like,
    seed,
    ...tallyOf(server),
    faults: faults.map(({ name }) => name),
    behaviour: server.behaviour,
    drawn,
    journal: server.journal,
  }
}

function addFaults({ faults }: Stage, names: readonly string[]): Reply {
  const read = names.map((name) => ({ name, fault: faultOf(name) }))
  const wrong = read.find(({ fault }) => typeof fault === 'string')
  if (names.length === 0 || wrong !== undefined) {
    const said = wrong?.fault as string | undefined
    return failed(400, 'invalid_request', said ?? 'write ?fault=lost_answer, or a JSON list')
  }
  faults.push(...(read as Stage['faults']))
  return json(200, { faults: faults.map(({ name }) => name) })
}

function advance(stage: Stage, ms: number | undefined): Reply {
  if (ms === undefined) return failed(400, 'invalid_request', 'advance_ms is a whole number')
  stage.advance(ms)
  return DONE
}

function setWindow(stage: Stage, window: ReuseWindow | undefined): Reply {
  if (window === undefined) {
    const words = 'none, forever, until_successor_used, or a number of milliseconds'
    return failed(400, 'invalid_request', `window is ${words}`)
  }
  stage.setReuseWindow(window)
  return DONE
}

function endGrant({ server }: Stage, grant: number | undefined): Reply {
  const found = [...server.grants.refreshTokens].find(([, token]) => token.grant === grant)
  if (found === undefined) return failed(404, 'not_found', 'there is no such grant')
  server.withdraw(found[0])
  return DONE
}

/** Names of faults: `?fault=a&fault=b`, or a JSON list, or `{ "faults": […] }`. */
function namesIn({ body }: Arriving, query: URLSearchParams): readonly string[] {
  const value = jsonOf(body)
  const list = isRecord(value) ? value['faults'] : value
  const given: unknown[] = Array.isArray(list) ? list : []
  return [...query.getAll('fault'), ...given.map(String)]
}

function memberIn({ body }: Arriving, query: URLSearchParams, name: string): unknown {
  const value = jsonOf(body)
  return query.get(name) ?? (isRecord(value) ? value[name] : undefined)
}

/** Ten years in milliseconds: beyond it dates end. */
const NUMBER_MAX = 10 * 365 * 86_400_000

function numberIn(request: Arriving, query: URLSearchParams, name: string): number | undefined {
  const value = memberIn(request, query, name)
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  const isWhole = typeof number === 'number' && Number.isSafeInteger(number)
  return isWhole && number >= 0 && number <= NUMBER_MAX ? number : undefined
}

function windowIn(request: Arriving, query: URLSearchParams): ReuseWindow | undefined {
  const value = memberIn(request, query, 'window')
  if (value === 'none' || value === 'forever' || value === 'until_successor_used') return value
  const ms = numberIn(request, query, 'window')
  return ms === undefined ? undefined : { ms }
}
