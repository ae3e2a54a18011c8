import { createActor, toPromise } from 'xstate'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { uncancellable } from '../../src/runtime/machine.ts'
import { gate } from './clock.ts'

describe('an actor that cannot be cancelled', () => {
  it('is given what it is about, and its result is the output', async () => {
    const actor = createActor(
      uncancellable(async (count: number) => count + 1),
      { input: 1 },
    )
    const output = toPromise(actor)

    actor.start()

    expect(await output).toBe(2)
    expect(actor.getSnapshot().status).toBe('done')
  })

  it('fails as what it throws', async () => {
    const bug = new Error('a bug')
    const actor = createActor(uncancellable(() => Promise.reject(bug)))
    const output = toPromise(actor)

    actor.start()

    await expect(output).rejects.toBe(bug)
    expect(actor.getSnapshot()).toMatchObject({ status: 'error', error: bug })
  })

  it('works on when it is stopped, and its end is told to no observer', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const held = gate()
    let isOver = false
    const actor = createActor(
      uncancellable(async () => {
        await held.opened
        isOver = true
      }),
    )
    actor.start()

    actor.stop()
    held.open()
    await vi.waitFor(() => expect(isOver).toBe(true))
    await new Promise(setImmediate)

    expect(actor.getSnapshot()).toMatchObject({ status: 'stopped', output: undefined })
    expect(warn).not.toHaveBeenCalled()
  })
})
