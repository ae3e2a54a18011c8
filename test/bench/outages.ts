/**
 * `npx tsx test/bench/outages.ts`: counts who signs in after an outage, and writes it into
 * docs/availability.md. Exits with 1 if more do than the kind of server makes them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import type { Reuse } from '../../src/core/provider.ts'
import { outage, type Outage } from './outage.ts'

const USERS = Number(process.argv[2] ?? 1_000)

const KINDS: readonly { readonly name: string; readonly reuse: Reuse; readonly asks?: true }[] = [
  { name: '`revokes`, with introspection', reuse: 'revokes', asks: true },
  { name: '`refused`', reuse: 'refused' },
  { name: '`{ acceptedForMs: 30_000 }`', reuse: { acceptedForMs: 30_000 } },
  { name: '`until_successor_used`', reuse: 'until_successor_used' },
  { name: '`accepted`', reuse: 'accepted' },
]

// What was never described is driven alike, whatever the server does.
const before = await outage('revokes', undefined, USERS)
console.log('undescribed', JSON.stringify(before))
const rows = [lineOf('not known, or `revokes`', before)]
let isWrong = false
for (const { name, reuse, asks } of KINDS) {
  const after = await outage(reuse, asks ? 'asks' : reuse, USERS)
  console.log(name, JSON.stringify(after))
  isWrong ||= !isAsMeant(asks ? 'asks' : reuse, after)
  rows.push(lineOf(name, after))
}

function lineOf(name: string, { signIns, spent, revoked }: Outage): string {
  return `| ${name} | **${signIns}** | ${spent} | ${revoked} |`
}

function isAsMeant(reuse: Reuse | 'asks', { signIns, spent, revoked }: Outage): boolean {
  if (revoked > 0) return false
  if (reuse === 'accepted' || reuse === 'until_successor_used') return signIns === 0
  // What the server had not spent, it says so of.
  return reuse !== 'asks' || signIns === spent
}

const DOCUMENT = new URL('../../docs/availability.md', import.meta.url)
const [day] = new Date().toISOString().split('T')
const section = `<!-- outage -->

Measured on ${day} with \`npx tsx test/bench/outages.ts\`, ${USERS} users.

| \`reuse\` | users who sign in | of those, token spent | grants revoked |
| --- | --- | --- | --- |
${rows.join('\n')}

<!-- end of outage -->`
const text = readFileSync(DOCUMENT, 'utf8')
const parts = /<!-- outage -->[\s\S]*<!-- end of outage -->/
if (!parts.test(text)) throw new Error('docs/availability.md has no place for the table')
const options = await resolveConfig(DOCUMENT)
writeFileSync(
  DOCUMENT,
  await format(
    text.replace(parts, () => section),
    { ...options, parser: 'markdown' },
  ),
)
process.exit(isWrong ? 1 : 0)
