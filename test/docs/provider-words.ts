import type { ProviderRecord } from '../../src/facts/check-facts.ts'
import { takeOverOf } from '../../src/ledger/settlement.ts'
import {
  CLAIM_MARGIN_MS,
  CLAIM_WINDOW_MAX_MS,
  REQUEST_TIMEOUT_MS,
} from '../../src/runtime/timing.ts'

/** A time in the largest unit that divides it. */
export function time(ms: number): string {
  const units = [
    [365 * 86_400_000, 'years'],
    [86_400_000, 'days'],
    [3_600_000, 'hours'],
    [60_000, 'minutes'],
    [1_000, 'seconds'],
  ] as const
  const [unit, name] = units.find(([each]) => ms % each === 0) ?? [1, 'ms']
  return ms === unit ? `1 ${name.replace(/s$/, '')}` : `${ms / unit} ${name}`
}

type Lifetimes = ProviderRecord['lifetimes']

/** How long a refresh token lives, for people who do not know the library. */
function lifetimeInWords({ refreshMs, refreshIdleMs }: NonNullable<Lifetimes> = {}): string {
  const ends = [
    ...(refreshMs == null
      ? []
      : [`${time(refreshMs)} after they signed in, however often your app refreshes`]),
    ...(refreshIdleMs == null
      ? []
      : [`after ${time(refreshIdleMs)} in which your app did not refresh`]),
  ]
  if (ends.length > 0) return `Your users must sign in again ${ends.join(', and ')}.`
  if (refreshMs === null || refreshIdleMs === null) {
    return 'A refresh token does not expire. It lives until it is revoked.'
  }
  return (
    'No fixed lifetime of refresh tokens is known. Settings may decide it, or the answer ' +
    'says it.'
  )
}

/** What a user loses when the answer to a refresh is lost. */
export function priceOfLostAnswer({ reuse, unused }: ProviderRecord): string {
  if (unused?.reuse !== undefined) return 'A sign-in: what is known of spent tokens is not used.'
  if (reuse === 'accepted') return 'Nothing: the token is presented again.'
  if (typeof reuse === 'object') {
    const window = time(reuse.acceptedForMs)
    return `Nothing within ${window} of its first use: the token is presented again.`
  }
  if (reuse === 'until_successor_used') {
    return 'Nothing: the token is presented again, half a minute later.'
  }
  if (reuse === 'refused') return 'A sign-in, if the server had replaced the token.'
  if (reuse === 'revokes') return 'A sign-in, and never more: the token is not presented again.'
  return 'A sign-in: what a second use does is not known, so the token is not presented again.'
}

/** What a process that dies with a claim costs, at the default timeouts. */
function priceOfCrash({ reuse, unused }: ProviderRecord): string {
  const known = unused?.reuse === undefined && reuse !== undefined ? { reuse } : {}
  const takeOver = takeOverOf(known, REQUEST_TIMEOUT_MS)
  switch (takeOver.type) {
    case 'always':
    case 'until_successor_used':
      return 'nothing'
    case 'within': {
      const windowMs = typeof reuse === 'object' ? reuse.acceptedForMs : 0
      const claimMs = REQUEST_TIMEOUT_MS + CLAIM_MARGIN_MS + Math.min(windowMs, CLAIM_WINDOW_MAX_MS)
      return claimMs < takeOver.ms ? 'nothing' : 'a sign-in: the window is shorter than a claim'
    }
    case 'once':
      return 'a sign-in, if it had been sent'
    case 'never':
      return 'a sign-in'
  }
}

/** One line of docs/availability.md: what goes wrong costs the users of a provider. */
export function pricesOf(facts: ProviderRecord): readonly string[] {
  const [lost] = priceOfLostAnswer(facts).split(/[:.]/, 1)
  const { silentSignIn, discovery, tokenEndpoint } = facts
  const isDiscovered = tokenEndpoint === undefined || discovery !== undefined
  return [
    lost!.replace(/^\w/, (letter) => letter.toLowerCase()),
    priceOfCrash(facts),
    // The same for all: the path is asked before a token is sent.
    'nothing, if the path answers first',
    silentSignIn === true ? 'yes' : isDiscovered ? 'as its metadata says' : 'not known',
  ]
}

const REUSES = {
  accepted: 'A refresh token that was used once stays valid for as long as it would have lived.',
  until_successor_used:
    'A refresh token may be used again until the app uses one of the tokens that came for it.',
  refused: 'A refresh token that was replaced brings an error, and nothing else ends.',
  revokes:
    'A refresh token that was replaced and comes again looks stolen: the server ends its ' +
    'successors too, or the whole grant. The user must sign in again.',
} as const

/** What the server does with a spent token, as a sentence. */
function reuseInWords(reuse: ProviderRecord['reuse']): string {
  if (reuse === undefined) return 'What a second use of a refresh token does is not documented.'
  if (typeof reuse === 'string') return REUSES[reuse]
  return `A refresh token may be used again for ${time(reuse.acceptedForMs)} after its first use.`
}

const ROTATIONS = {
  always: 'Each refresh brings a new refresh token. Store it in place of the old one.',
  sometimes: 'A refresh may bring a new refresh token. Store it, if one comes.',
  never: 'A refresh brings no new refresh token: the first one stays.',
} as const

/** A page's first part: what somebody who connects to this server has to know. */
export function inWords(facts: ProviderRecord): string {
  const { authorizationRequest: asked, missingRefreshToken, rotation, oldAccessToken } = facts
  const { lifetimes, variants = [], limits = [], changes = [], aliases = {} } = facts
  const wanted = [
    ...(asked?.scope === undefined ? [] : [`the scope \`${asked.scope}\``]),
    ...(asked?.prompt === undefined ? [] : [`\`prompt=${asked.prompt}\``]),
    ...Object.entries(asked?.parameters ?? {}).map(([name, value]) => `\`${name}=${value}\``),
  ]
  const points = [
    ...(wanted.length === 0 ? [] : [`**At sign-in** send ${wanted.join(', ')}.`]),
    ...(missingRefreshToken === undefined ? [] : [`**No refresh token?** ${missingRefreshToken}`]),
    `**How long a sign-in lasts.** ${lifetimeInWords(lifetimes ?? {})}`,
    ...(lifetimes?.accessMs == null
      ? []
      : [`**Access tokens** live for ${time(lifetimes.accessMs)}.`]),
    ...(rotation === undefined ? [] : [`**Rotation.** ${ROTATIONS[rotation]}`]),
    `**A refresh token that is used twice.** ${reuseInWords(facts.reuse)}`,
    ...(oldAccessToken === 'dies'
      ? ['**The old access token** stops working when a new one is made.']
      : []),
    '**If the answer to a refresh is lost** (a timeout, a crash), it costs ' +
      lowered(priceOfLostAnswer(facts)),
    ...variants.map(
      ({ when, lifetimes: own, rotation: turns, reuse, says, source }) =>
        `**If ${when}**: ${[
          ...(own === undefined ? [] : [lifetimesOf(own)]),
          ...(turns === undefined ? [] : [ROTATIONS[turns]]),
          ...(reuse === undefined ? [] : [reuseInWords(reuse)]),
          ...(says === undefined ? [] : [says]),
        ].join(' ')} (${link(source)})`,
    ),
    ...limits.map(({ what, per, max, withinMs, then, source }) => {
      const within = withinMs === undefined ? '' : ` in ${time(withinMs)}`
      const past = then === undefined ? '' : ` ${then}`
      return `**Limit:** at most ${max}${within}: ${what} of one ${per}.${past} (${link(source)})`
    }),
    ...changes.map(({ on, what, source }) => `**${on}:** ${what} (${link(source)})`),
    ...namesOf(aliases),
  ]
  return points.map((point) => `- ${point}`).join('\n')
}

const lowered = (sentence: string): string => sentence[0]!.toLowerCase() + sentence.slice(1)

function lifetimesOf(lifetimes: NonNullable<Lifetimes>): string {
  const { accessMs, refreshMs, refreshIdleMs } = lifetimes
  return [
    ...(accessMs == null ? [] : [`Access tokens live for ${time(accessMs)}.`]),
    ...(refreshMs == null && refreshIdleMs == null ? [] : [lifetimeInWords(lifetimes)]),
  ].join(' ')
}

function namesOf({ authJs, betterAuth, nango }: NonNullable<ProviderRecord['aliases']>): string[] {
  const named = [
    ['Auth.js', authJs],
    ['Better Auth', betterAuth],
    ['Nango', nango],
  ] as const
  const said = named.flatMap(([who, ids = []]) =>
    ids.length === 0 ? [] : [`${ids.map((id) => `\`${id}\``).join(', ')} in ${who}`],
  )
  return said.length === 0 ? [] : [`**Other libraries** call it ${said.join('; ')}.`]
}

/** Where a fact is said, as a link that is named by what tells it from others. */
export function link(source: string): string {
  if (!source.startsWith('https://')) return source.replace(/^\w+: /, '')
  return `[${nameOf(new URL(source))}](${source})`
}

function nameOf({ hostname, pathname, searchParams }: URL): string {
  const [, thread, number] = /^\/([^/]+\/[^/]+)\/(?:issues|pull)\/(\d+)/.exec(pathname) ?? []
  if (hostname === 'github.com' && thread !== undefined) return `${thread}#${number}`
  const last = pathname.split('/').findLast((part) => part !== '') ?? ''
  const id = searchParams.get('id')?.replace(/\.html?$/, '')
  const host = hostname.replace(/^www\./, '')
  if (last === '') return host
  return /^\d+$/.test(id ?? last) ? `${host} ${id ?? last}` : (id ?? last)
}
