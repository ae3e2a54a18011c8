import type { ProviderRecord } from '../../src/facts/check-facts.ts'

/** A time in the largest unit that divides it. */
export function time(ms: number): string {
  const units = [
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
      : [`${time(refreshMs)} after the sign-in, however often it is used`]),
    ...(refreshIdleMs == null ? [] : [`after ${time(refreshIdleMs)} without use`]),
  ]
  if (ends.length > 0) return `Your users sign in again ${ends.join(', and ')}.`
  if (refreshMs === null || refreshIdleMs === null) {
    return 'A refresh token does not expire. It lives until it is revoked.'
  }
  return 'How long a refresh token lives is up to the settings, or the answer says it.'
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
  return 'A sign-in: what a spent token does is not known, so it is not presented again.'
}

const REUSES = {
  accepted: 'A spent token stays valid for as long as it would have lived.',
  until_successor_used: 'A spent token is accepted until what came for it is used.',
  refused: 'A spent token brings an error, and nothing else ends.',
  revokes: 'A spent token that comes again ends its family or the whole grant.',
} as const

/** What the server does with a spent token, as a sentence. */
function reuseInWords(reuse: ProviderRecord['reuse']): string {
  if (reuse === undefined) return 'What a spent token does is not documented.'
  if (typeof reuse === 'string') return REUSES[reuse]
  return `A spent token is accepted for ${time(reuse.acceptedForMs)} after its first use.`
}

const ROTATIONS = {
  always: 'Each refresh brings a new refresh token.',
  sometimes: 'A refresh may bring a new refresh token. Store whatever comes.',
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
    `**How long it lasts.** ${lifetimeInWords(lifetimes ?? {})}`,
    ...(lifetimes?.accessMs == null
      ? []
      : [`**Access tokens** live for ${time(lifetimes.accessMs)}.`]),
    ...(rotation === undefined ? [] : [`**Rotation.** ${ROTATIONS[rotation]}`]),
    `**Used twice.** ${reuseInWords(facts.reuse)}`,
    ...(oldAccessToken === 'dies'
      ? ['**The old access token** stops to work when a new one is made.']
      : []),
    `**A lost answer costs:** ${priceOfLostAnswer(facts)}`,
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
      return `**Limit:** ${max} ${what} for one ${per}${within}.${past} (${link(source)})`
    }),
    ...changes.map(({ on, what, source }) => `**${on}:** ${what} (${link(source)})`),
    ...namesOf(aliases),
  ]
  return points.map((point) => `- ${point}`).join('\n')
}

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
  return said.length === 0 ? [] : [`**Elsewhere** it is ${said.join('; ')}.`]
}

/** Where a fact is said, as a link that is named by its last part. */
export function link(source: string): string {
  if (!source.startsWith('https://')) return source.replace(/^\w+: /, '')
  const { hostname, pathname } = new URL(source)
  const last = pathname.split('/').findLast((part) => part !== '') ?? ''
  return `[${last === '' ? hostname : last}](${source})`
}
