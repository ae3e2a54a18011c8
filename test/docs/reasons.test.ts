import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withReasons } from './reasons.ts'

it('docs/troubleshooting.md says each reason: `npx tsx test/docs/generate.ts` writes it', () => {
  const text = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')

  expect(withReasons(text)).toBe(text)
})
