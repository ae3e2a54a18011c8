import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as errors from '../../src/core/errors.ts'

const { isRefreshError, PROBLEMS, RefreshError } = errors

const SECRET = 'rt-7d1e0c9a5b'

/** A second copy of the module, as two bundles in one process have it. */
async function secondCopy(): Promise<typeof errors> {
  const specifier = '../../src/core/errors.ts?second-copy'
  return (await import(/* @vite-ignore */ specifier)) as typeof errors
}

describe('RefreshError', () => {
  it('says the problem of its code, and the hint after it', () => {
    expect(new RefreshError('lost').message).toBe(PROBLEMS.lost)
    expect(new RefreshError('lost', { hint: 'Sign in.' }).message).toBe(`${PROBLEMS.lost} Sign in.`)
  })

  it('names the store that it is about', () => {
    const error = new RefreshError('store_unavailable', { store: 'redis', hint: 'Is it running?' })

    expect(error.message).toBe(`redis: ${PROBLEMS.store_unavailable} Is it running?`)
  })

  it('copies the details it knows', () => {
    const details = {
      oauthError: 'invalid_client',
      status: 401,
      origin: 'https://id.example.com',
      field: 'grant',
      retryAtMs: 1,
      provider: 'logto',
      store: 'redis',
    }

    expect(new RefreshError('refused', details)).toMatchObject({ code: 'refused', ...details })
  })

  it('copies nothing else, even when cast', () => {
    const details = {
      status: 400,
      hint: 'Look.',
      cause: new Error(SECRET),
      body: SECRET,
      refresh_token: SECRET,
      code: SECRET,
      message: SECRET,
      __proto__: { origin: undefined, error_description: SECRET },
    }

    const error = new RefreshError('refused', details)

    expect(Object.keys(error).toSorted()).toEqual(['code', 'status'])
    expect(error.code).toBe('refused')
    expect(error.cause).toBeUndefined()
    const output = inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)
    expect(output).not.toContain(SECRET)
  })

  it('has no own field for a detail that is not known, so that logs stay short', () => {
    const error = new RefreshError('lost', { hint: undefined, store: undefined })

    expect(Object.keys(error)).toEqual(['code'])
    expect(inspect(error)).not.toContain('undefined')
    expect(error.status).toBeUndefined()
  })

  it('becomes JSON with name, message and details, without a stack', () => {
    const error = new RefreshError('rate_limited', { status: 429, retryAtMs: 5 })

    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'RefreshError',
      code: 'rate_limited',
      message: PROBLEMS.rate_limited,
      status: 429,
      retryAtMs: 5,
    })
  })

  it('is an Error that prints as ours', () => {
    const error = new RefreshError('busy')

    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe(`RefreshError: ${PROBLEMS.busy}`)
    expect(error.stack).toContain('RefreshError: ')
  })
})

describe('isRefreshError', () => {
  it('recognises an error of another copy of the module', async () => {
    const copy = await secondCopy()

    const error = new copy.RefreshError('lost')

    expect(copy.RefreshError).not.toBe(RefreshError)
    expect(error).not.toBeInstanceOf(RefreshError)
    expect(isRefreshError(error)).toBe(true)
    expect(copy.isRefreshError(new RefreshError('lost'))).toBe(true)
  })

  it.each([
    new Error('lost'),
    { code: 'lost', name: 'RefreshError', message: PROBLEMS.lost },
    null,
    undefined,
    'lost',
    7,
    JSON.parse(JSON.stringify(new RefreshError('lost'))) as unknown,
  ])('does not recognise %j', (value) => {
    expect(isRefreshError(value)).toBe(false)
  })
})
