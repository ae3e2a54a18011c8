import type { Clock } from '../../core/clock.ts'
import { createRefresher } from '../../index.ts'
import type { OnEvent, Outcome, Refresher, RefreshEvent, Store, TokenSet } from '../../index.ts'
import { memoryStore } from '../../stores/memory.ts'
import { redisStore } from '../../stores/redis.ts'
import { fileStore } from '../../stores/file.ts'
import { findings, type Finding } from './finding.ts'
import { Misused } from '../command.ts'
import type { SpendOptions } from './doctor.ts'
import { openRedis } from './connections.ts'
import { newFile, type SuccessorFile } from '../successor-file.ts'
import { valueOf, type Subject } from '../target.ts'
import type { Surroundings } from '../command.ts'
import { presentable, secretsOf, tokensIn } from '../token-input.ts'

const finding = findings('spend')

/** What came of a real refresh. */
export interface Spent {
  readonly found: Finding
  /** Nothing of these may be printed. */
  readonly secrets: readonly string[]
  /** Whether the token may be spent and its successor is nowhere. */
  readonly isLost: boolean
}

interface Context {
  readonly subject: Subject
  readonly clock: Clock
  readonly timeoutMs: number
  readonly redisUrl: string | undefined
  readonly around: Surroundings
}

/** What one must type where no ledger keeps the application from presenting the token, too. */
const CONFIRMATION = 'spend'

const QUESTION =
  'This presents the refresh token once, past any ledger. Stop your application first: if it\n' +
  `presents the same token, the session ends. Type "${CONFIRMATION}" to go on: `

/**
 * One real refresh, by refresh-once itself.
 *
 * The newest set is in the file before anybody is told; the file is made before anything is sent.
 *
 * @throws {Misused} When it cannot be carried out. Nothing was sent.
 */
export async function spend(options: SpendOptions, context: Context): Promise<Spent> {
  const { around } = context
  const tokens = tokensIn(await presentable(options.token, around))
  if (options.ledger === undefined && (await around.ask(QUESTION)) !== CONFIRMATION) {
    throw new Misused('not confirmed; with the --ledger of your application nobody is asked')
  }
  await using ledger = await ledgerOf(options.ledger, context.redisUrl)
  const events: RefreshEvent[] = []
  const refresher = refresherOf(options, context, ledger.store, (event) => events.push(event))
  const file = await newFile(options.save)
  const outcome = await refresher.refresh(tokens, { force: true })
  const isNewer = outcome.changed && outcome.tokens.refreshToken !== tokens.refreshToken
  const isWanted = isNewer || (outcome.changed && outcome.error === undefined)
  const isSaved = await saved(isWanted ? outcome.tokens : undefined, file)
  await refresher.drain()
  const wasPresented = events.some(({ type }) => type === 'presented')
  return {
    ...verdictOn(outcome, { isWanted, isSaved, wasPresented, path: options.save }),
    secrets: [...secretsOf(tokens), ...secretsOf(outcome.tokens)],
  }
}

/** @throws {Misused} For settings that refresh-once refuses. */
function refresherOf(
  { ledgerName, pepperEnv }: SpendOptions,
  { subject, clock, timeoutMs, around }: Context,
  store: Store,
  onEvent: OnEvent,
): Refresher {
  const pepper = pepperEnv === undefined ? undefined : valueOf(pepperEnv, around.env)
  try {
    return createRefresher({
      ...subject,
      store,
      clock,
      requestTimeoutMs: timeoutMs,
      onEvent,
      ...(ledgerName !== undefined && { ledger: ledgerName }),
      ...(pepper !== undefined && { pepper }),
    })
  } catch (error) {
    throw new Misused((error as Error).message)
  }
}

async function saved(tokens: TokenSet | undefined, file: SuccessorFile): Promise<boolean> {
  if (tokens !== undefined) return file.write(`${JSON.stringify(tokens, undefined, 2)}\n`)
  await file.remove()
  return false
}

interface Circumstances {
  /** Whether there is a set that the caller does not have. */
  readonly isWanted: boolean
  readonly isSaved: boolean
  readonly wasPresented: boolean
  readonly path: string
}

function verdictOn(
  { error, signIn }: Outcome,
  { isWanted, isSaved, wasPresented, path }: Circumstances,
): Omit<Spent, 'secrets'> {
  if (isWanted && !isSaved) {
    const fix = 'With --ledger it is there, for your application to find; else sign in again.'
    const found = finding('problem', `the newest set could not be written to ${path}`, fix)
    return { found, isLost: true }
  }
  const where = isSaved ? `; the newest set is in ${path}` : ''
  if (error === undefined) {
    const says = wasPresented ? 'refreshed' : 'the ledger knew a newer set: nothing was presented'
    return { found: finding('fine', `${says}${where}`), isLost: false }
  }
  const isLost = wasPresented && signIn && !isSaved && !IS_CERTAIN.has(error.code)
  const fix = signIn ? 'Only a new sign-in helps.' : 'The token is as it was.'
  return { found: finding('problem', `${error.code}: ${error.message}${where}`, fix), isLost }
}

/** The AS has said what became of the token. */
const IS_CERTAIN: ReadonlySet<string> = new Set(['rejected', 'expired', 'revoked'])

async function ledgerOf(
  ledger: string | undefined,
  redisUrl: string | undefined,
): Promise<{ readonly store: Store } & AsyncDisposable> {
  if (ledger === 'redis' && redisUrl !== undefined) {
    const redis = await openRedis(redisUrl).catch(() => {
      throw new Misused('the Redis of --ledger cannot be used')
    })
    return {
      store: redisStore(redis.client),
      [Symbol.asyncDispose]: async () => redis.close(),
    }
  }
  const folder = ledger?.slice('file:'.length)
  const store = folder === undefined ? memoryStore({ name: 'doctor' }) : fileStore(folder)
  return { store, [Symbol.asyncDispose]: async () => {} }
}
