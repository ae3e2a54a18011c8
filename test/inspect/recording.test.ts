import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { recorder } from '../../src/inspect/index.ts'
import type { StepLine } from '../../src/inspect/index.ts'
import { readRecording } from '../../src/inspect/recording.ts'
import type { RecordedLine } from '../../src/inspect/recording.ts'
import { expectNoSecret, world } from '../runtime/world.ts'
import { expectWalk, until } from './watching.ts'

const written = readFileSync(new URL('sample.jsonl', import.meta.url), 'utf8')

/** What the page relies on. */
const EACH = ['v', 'seq', 'process', 'kind', 'atMs', 'provider']
const OF_CALL = ['run', 'phase', 'actor', 'call', 'says', 'durationMs']
const KEPT: Readonly<Record<RecordedLine['kind'], readonly string[]>> = {
  run: [...EACH, 'run', 'mode'],
  joined: EACH,
  step: [...EACH, 'run', 'from', 'to', 'event', 'edge'],
  call: [...EACH, ...OF_CALL],
  event: [...EACH, 'event'],
  ended: [...EACH, 'run', 'state', 'durationMs'],
  dropped: [...EACH, 'lines'],
}

/** The steps of each run. */
function walks(lines: readonly RecordedLine[]): StepLine[][] {
  const steps = lines.filter((line) => line.kind === 'step')
  const names = new Set(steps.map(({ process, run }) => `${process} ${run}`))
  return [...names].map((name) => steps.filter(({ process, run }) => `${process} ${run}` === name))
}

describe('a recording', () => {
  it('is read as it was written', () => {
    const { lines, unreadable } = readRecording(written)

    expect(unreadable).toBe(0)
    expect(lines.map((line) => `${JSON.stringify(line)}\n`).join('')).toBe(written)
  })

  it('holds walks through the chart as it is', () => {
    const all = walks(readRecording(written).lines)

    expect(all.length).toBeGreaterThan(10)
    for (const steps of all) expectWalk(steps)
  })

  it('counts what is no line of it', () => {
    const [first, second] = written.split('\n')

    const { lines, unreadable } = readRecording(`${first}\n\n{}\n${second}\r\nno\n`)

    expect(lines).toHaveLength(2)
    expect(unreadable).toBe(2)
  })

  it('takes no line that lacks what its kind needs, or holds it as something else', () => {
    const whole = readRecording(written).lines

    for (const line of whole) {
      const needed = Object.keys(line).filter((name) => KEPT[line.kind].includes(name))
      const broken = needed.flatMap((name) => [
        { ...line, [name]: undefined },
        { ...line, [name]: { deeper: true } },
        { ...line, [name]: null },
      ])
      const text = broken.map((each) => JSON.stringify(each)).join('\n')

      expect(needed.length).toBeGreaterThan(4)
      expect(readRecording(text).lines).toEqual([])
    }
  })

  it('takes fields of later versions', () => {
    const [first] = written.split('\n')
    const later = { ...(JSON.parse(first!) as object), madeUp: 1, event: undefined }

    expect(readRecording(JSON.stringify(later)).lines).toEqual([later])
  })
})

describe('recorder', () => {
  it('writes a recording, which holds no token', async () => {
    const { process, signIn, expire, secrets } = await world()
    let text = ''
    const tokens = await signIn()
    expire()

    const inspect = recorder((line) => (text += line), { process: 'web-1' })
    await process({ inspect }).refresh(tokens)
    await until(() => text.includes('"type":"ended"'))

    const { lines, unreadable } = readRecording(text)
    expect(unreadable).toBe(0)
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1))
    expect(lines[0]).toMatchObject({ v: 1, kind: 'run' })
    expect(lines[0]!.process).toMatch(/^web-1~/)
    expectNoSecret(secrets, text)
  })

  it('loses what cannot be written, and no more', async () => {
    const { process, signIn, expire } = await world()
    let count = 0
    const tokens = await signIn()
    expire()

    const outcome = await process({
      inspect: recorder(() => {
        count += 1
        throw new Error('disk')
      }),
    }).refresh(tokens)
    await until(() => count > 0)

    expect(outcome).toMatchObject({ state: 'rotated', usable: true })
  })
})
