import { execFile } from 'node:child_process'
import { closeSync, openSync, write, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { credentials, type CredentialsDescription } from '../../providers/credentials.ts'
import { oidc } from '../../providers/oidc.ts'
import { systemClock } from '../../src/core/clock.ts'
import { defineProvider } from '../../src/core/define-provider.ts'
import type { Provider, ProviderDescription, RawAnswer } from '../../src/core/provider.ts'
import type { ServerDescription } from '../../src/testing/authorization-server.ts'
import { fuzzProvider, FuzzError, tryProvider } from '../../src/testing/fuzz-provider.ts'
import type { FuzzOptions } from '../../src/testing/fuzz-provider.ts'
import { askedPath, commandOf, readPath, writePath } from '../../src/testing/fuzz/report.ts'
import { eavesdrop, MARK, refuseSecrets } from '../../src/testing/fuzz/secrets.ts'
import { presets } from '../../src/testing/presets.ts'
import { brokenThat } from './broken.ts'

const claimsNever = brokenThat("claims rotation 'never'")
const logsTheBody = brokenThat('prints the body')

const { provider } = claimsNever
const options = { server: 'oidc-provider', runs: 200, seed: 5 } as const

describe('a failure', () => {
  it('is thrown, and tells the story in plain words', async () => {
    const failed = fuzzProvider(provider, options)

    await expect(failed).rejects.toBeInstanceOf(FuzzError)
    await expect(failed).rejects.toThrow(
      /^rotation: .*\n {2}the provider says 'never', and the server spent R0\n/,
    )
    await expect(failed).rejects.toThrow(/worker 1 {2}presents R0\n.*answers 200 with A1 and R1/)
  })

  it('shows no token', async () => {
    const { counterexample } = await tryProvider(logsTheBody.provider, options)

    expect(counterexample?.invariant).toBe('S1')
    expect(JSON.stringify(counterexample)).not.toContain(MARK)
  })

  it('keeps on its lines, whatever a name holds', async () => {
    const server = { ...presets['oidc-provider'], name: "x\n::error ::it's \u001b[31m" }

    const { counterexample } = await tryProvider(provider, { ...options, server })

    const { text = '', path = '' } = counterexample ?? {}
    expect(text).toContain("\nserver    x ::error ::it's  [31m: rotates always")
    expect(text).toContain(String.raw`REFRESH_ONCE_PATH='broken@x ::error ::it'\''s  [31m ${path}'`)
    expect(text).not.toMatch(/^::/m)
    expect(text).not.toContain('\u001b')
  })

  it('is told although it does not happen again', async () => {
    let sent = 0
    const twiceOnce: FuzzOptions['fetch'] = (next) => async (url, init) => {
      if (url.endsWith('/token')) sent += 1
      // In the worlds that are tried first nothing fails: this one is answered.
      if (sent === 3) await next(url, init)
      return next(url, init)
    }
    const faultless = oidc({ issuer: 'https://id.example.com' })

    const { counterexample } = await tryProvider(faultless, { ...options, fetch: twiceOnce })

    expect(counterexample?.invariant).toBe('P2')
  })

  it('is the same for the same seed', async () => {
    const [first, second] = [
      await tryProvider(provider, options),
      await tryProvider(provider, options),
    ]

    expect(first.counterexample?.text).toBeTypeOf('string')
    expect(second.counterexample).toEqual(first.counterexample)
  })

  it('is repeated at once', async () => {
    const { counterexample } = await tryProvider(provider, options)

    const again = await tryProvider(provider, { ...options, path: counterexample!.path })

    expect(again.runs).toBe(1)
    expect(again.counterexample?.story).toEqual(counterexample?.story)
  })

  it('says one command that repeats it here, in this file', async () => {
    vi.stubEnv('NODE_OPTIONS', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    const failed = await fuzzProvider(provider, options).catch((error: unknown) => error)

    const { command, path } = (failed as FuzzError).counterexample
    expect(path).toMatch(/^5:[\d:]+$/)
    expect(command).toBe(
      `REFRESH_ONCE_PATH='broken@oidc-provider ${path}' ` +
        'npx vitest run test/fuzz/fuzz-provider.test.ts',
    )
  })
})

describe('fuzzProvider', () => {
  it('ends when its time is over', async () => {
    let nowMs = 0
    const clock = vi.spyOn(systemClock, 'monotonic').mockImplementation(() => nowMs)
    onTestFinished(() => clock.mockRestore())

    const found = await fuzzProvider(oidc({ issuer: 'https://id.example.com' }), {
      ...options,
      runs: 1_000_000,
      timeMs: 200,
      onRun: () => void (nowMs += 20),
    })

    expect(found.runs).toBe(10)
    expect(found.counterexample).toBeUndefined()
  })

  it('names the presets where there is none of a name', async () => {
    const unknown = { ...options, server: 'nope' as 'logto' }

    await expect(fuzzProvider(provider, unknown)).rejects.toThrow(/no preset 'nope': rfc6749, /)
  })

  it('refuses a server that is described wrongly', async () => {
    const server = { name: 'odd', wire: { tokenType: 'BEARER' as 'Bearer' } }

    await expect(fuzzProvider(provider, { ...options, server })).rejects.toThrow(
      /^server: wire\.tokenType is "BEARER", and must be: Bearer, bearer, absent$/,
    )
  })

  it('says what it needs for a client that only its user has', async () => {
    const signing = oidc({ issuer: 'https://a.example', clientAuthentication: 'private_key_jwt' })

    await expect(fuzzProvider(signing, options)).rejects.toThrow(/pass options.client/)
  })

  it('lets go of the console', async () => {
    const { log } = console
    const { write } = process.stdout

    await tryProvider(logsTheBody.provider, options)

    expect([console.log, process.stdout.write]).toEqual([log, write])
  })

  it('runs in node --test', async () => {
    const { stdout } = await inNode(['--test', '--test-reporter=tap', 'test/fuzz/in-node.ts'])

    expect(stdout).toContain('ok 1 - a provider without fault')
    expect(stdout).toMatch(
      /again: REFRESH_ONCE_PATH='\S+ \S+' node --import tsx --test test\/fuzz\/in-node/,
    )
  })

  it('says what is missing where fast-check is, and all else of the module works', async () => {
    const script = `
      import { register } from 'node:module'
      const hooks = 'export async function resolve(name, context, next) {' +
        'if (name === "fast-check") throw new Error("Cannot find package fast-check");' +
        'return next(name, context) }'
      register('data:text/javascript,' + encodeURIComponent(hooks))
      const testing = await import('./src/testing/index.ts')
      const failed = await testing.fuzzProvider({ id: 'a' }, { server: 'logto' }).catch((e) => e)
      console.log(typeof testing.storeContract, failed.message)`

    const { stdout } = await inNode(['--input-type=module', '--eval', script])

    expect(stdout).toBe('function fuzzProvider needs fast-check: npm i -D fast-check\n')
  })
})

/** Node, reading TypeScript, with nothing of vitest around it. */
function inNode(args: readonly string[]): Promise<{ stdout: string }> {
  const { VITEST: _, NODE_TEST_CONTEXT: __, NODE_OPTIONS: ___, ...env } = process.env
  return new Promise((resolve) => {
    // One that fails prints what we look for, too.
    execFile(process.execPath, ['--import', 'tsx', ...args], { env }, (_, stdout) => {
      resolve({ stdout })
    })
  })
}

describe('a word of a server for a dead grant', () => {
  const id = 'mine'
  const tokenEndpoint = 'https://id.example.com/token'
  const wire = { dead: { status: 400, error: 'gone' } }
  const places = {
    accessToken: 'access_token',
    refreshToken: 'refresh_token',
    expiresIn: 'expires_in',
  }
  const runs = { runs: 60, seed: 3 } as const
  const dropping = { read: ({ body }: RawAnswer) => ({ ...(body as object), error: undefined }) }

  it.each<readonly [string, Partial<ProviderDescription>, ServerDescription['wire'], string]>([
    ['is not known', {}, wire, "'unknown' of it: write failures: { gone: 'rejected' }"],
    [
      'stands for something else in the RFC',
      {},
      { dead: { status: 400, error: 'invalid_request' } },
      "'refused' of it: write failures: { invalid_request: 'rejected' }",
    ],
    [
      'is not read',
      { failures: { gone: 'rejected' }, response: dropping },
      wire,
      'write a response.read that hands on "error" as error',
    ],
    [
      'stands elsewhere',
      {},
      { ...wire, answer: { ...places, error: 'code' } },
      `failures: { gone: 'rejected' }, and a response.read that hands on "code" as error`,
    ],
  ])('that %s is found', async (_, differs, described, says) => {
    const server = { name: 'ours', wire: described }
    const mine = defineProvider({ id, tokenEndpoint, ...differs })

    const { counterexample } = await tryProvider(mine, { ...runs, server })

    expect(counterexample).toMatchObject({ invariant: 'failures' })
    expect(counterexample?.what).toContain('says that R0 is dead, and the provider makes ')
    expect(counterexample?.what).toContain(says)
  })

  it.each<readonly [string, Provider['failures'], ServerDescription['wire']]>([
    ['is known', { gone: 'rejected' }, wire],
    ['is known beside its status', { '400 gone': 'rejected' }, wire],
    ['is known to say nothing', { gone: 'unknown' }, wire],
    ['is another one’s, too', {}, { ...wire, client: wire.dead }],
    ['is no word', {}, { dead: { status: 400 } }],
  ])('that %s is no finding', async (_, failures, described) => {
    const mine = defineProvider({ id, tokenEndpoint, failures })

    const found = await tryProvider(mine, { ...runs, server: { name: 'ours', wire: described } })

    expect(found.counterexample?.text).toBeUndefined()
  })
})

describe('a server that says nothing of the wire', () => {
  const url = 'https://api.example.com/refresh'
  const answer = { accessToken: 'data.token', refreshToken: 'data.next', expiresIn: 'data.seconds' }
  const silent: ServerDescription = { name: 'ours', rotation: 'always' }
  const few = { runs: 20, seed: 3 } as const

  it.each<readonly [string, CredentialsDescription]>([
    ['a member of JSON', { url, carry: { json: 'userRefreshToken' }, answer }],
    ['a field of a form', { url, carry: { form: 'token' }, answer }],
    ['a bearer token', { url, carry: { bearer: true }, answer: { ...answer, error: 'code' } }],
    [
      'a cookie, without a word of lifetimes',
      { url, carry: { cookie: 'refresh' }, answer: { accessToken: 'token' } },
    ],
    [
      'another name of the error',
      { url, carry: { json: 'a' }, answer: { ...answer, error: 'why' } },
    ],
  ])('is played as the backend is described: %s', async (_, description) => {
    const found = await tryProvider(credentials(description), { ...few, server: silent })

    expect(found.counterexample?.text).toBeUndefined()
  })

  it('is played as the provider sends the request', async () => {
    const request = { format: 'json', names: { refresh_token: 'token' } } as const
    const mine = defineProvider({ id: 'mine', tokenEndpoint: url, request })

    const found = await tryProvider(mine, { ...few, server: silent })

    expect(found.counterexample?.text).toBeUndefined()
  })

  it('is named beside the provider where it reads the token from elsewhere', async () => {
    const mine = credentials({ url, carry: { json: 'userRefreshToken' }, answer })
    const server = { ...silent, wire: { carry: { json: 'refresh_token' } } }

    const { counterexample } = await tryProvider(mine, { ...few, server })

    expect(counterexample).toMatchObject({
      invariant: 'request',
      what:
        'the server looks for the refresh token in {"json":"refresh_token"}, and the provider ' +
        'sends it in {"json":"userRefreshToken"}: change the provider, or write ' +
        'wire: { carry: {"json":"userRefreshToken"} } into the server',
    })
  })

  it.each([
    [{ ...answer, accessToken: 'token' }, '"data.token", and the provider looks for it in "token"'],
    [{ ...answer, refreshToken: 'next' }, '"data.next", and the provider looks for it in "next"'],
  ])('is named beside the provider where it writes elsewhere', async (reads, says) => {
    const mine = credentials({ url, carry: { json: 'a' }, answer: reads, rotation: 'sometimes' })
    const server = { ...silent, wire: { answer } }

    const { counterexample } = await tryProvider(mine, { ...few, server })

    expect(counterexample?.invariant).toBe('success')
    expect(counterexample?.what).toContain(`the server writes it into ${says}`)
  })
})

describe('the time of a world stands still while', () => {
  const issuer = 'https://id.example.com'
  const unknown = { server: 'rfc6749', runs: 60, seed: 7 } as const
  const somethingReal = async (): Promise<void> => {
    await readFile('package.json')
    await crypto.subtle.digest('SHA-256', new Uint8Array(1_000_000))
  }

  it.each<readonly [string, NonNullable<FuzzOptions['fetch']>]>([
    [
      'reads a file before it sends',
      (next) => async (url, init) => {
        await somethingReal()
        return next(url, init)
      },
    ],
    [
      'reads a file when the answer, which may be slow, is there',
      (next) => async (url, init) => {
        const answer = await next(url, init)
        const text = await answer.text()
        await somethingReal()
        return new Response(text, answer)
      },
    ],
    [
      'lets one request wait for the other',
      (next) => {
        let last: Promise<unknown> = Promise.resolve()
        return (url, init) => {
          const answer = last.then(somethingReal).then(() => next(url, init))
          last = answer.catch(() => {})
          return answer
        }
      },
    ],
  ])('a fetch of the user %s', async (_, fetch) => {
    const found = await tryProvider(oidc({ issuer }), { ...unknown, fetch })

    expect(found.counterexample?.text).toBeUndefined()
    expect(found.runs).toBe(unknown.runs)
  })

  it('the user validates an answer', async () => {
    const validate = async (body: unknown): Promise<unknown> => {
      await somethingReal()
      return body
    }
    const read = ({ validated }: RawAnswer) => validated as Record<string, unknown>
    const validating = oidc({ issuer, response: { validate, read } })

    const found = await tryProvider(validating, unknown)

    expect(found.counterexample?.text).toBeUndefined()
  })

  it.each(['function', 'key'] as const)('a %s of the user authenticates the client', async (by) => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const { privateKey: key } = await crypto.subtle.generateKey(algorithm, true, ['sign'])
    const client = { id: 'app', ...(by === 'key' && { privateKey: { key } }) }
    const clientAuthentication = by === 'key' ? ('private_key_jwt' as const) : somethingReal

    const found = await tryProvider(oidc({ issuer, clientAuthentication }), { ...unknown, client })

    expect(found.counterexample?.text).toBeUndefined()
    expect(found.runs).toBe(unknown.runs)
  })

  it('something that is waited for, which is found the same again', async () => {
    const fetch: FuzzOptions['fetch'] = (next) => async (url, init) => {
      await somethingReal()
      return next(url, init)
    }

    const first = await tryProvider(provider, { ...options, fetch })
    const second = await tryProvider(provider, { ...options, fetch })

    expect(first.counterexample?.text).toContain("the provider says 'never'")
    expect(second.counterexample).toEqual(first.counterexample)
  })

  it('and if it never comes, that is said', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const ticking = setInterval(() => vi.advanceTimersByTime(1_000), 1)
    onTestFinished(() => {
      clearInterval(ticking)
      vi.useRealTimers()
    })
    const fetch: FuzzOptions['fetch'] = () => () => new Promise(() => {})

    const failed = fuzzProvider(provider, { ...options, fetch })

    await expect(failed).rejects.toBeInstanceOf(TypeError)
    await expect(failed).rejects.toThrow(
      /^fetch: what it awaits of its own has not come for 5 s: hand it something instead/,
    )
  })
})

describe('commandOf', () => {
  const stack =
    'Error\n    at fuzzProvider (/a/src/testing/fuzz-provider.ts:1:2)\n    at /a/b/c.ts:3:4'

  it.each([
    [{ VITEST: 'true' }, 'npx vitest run b/c.ts'],
    [{ JEST_WORKER_ID: '1' }, 'npx jest b/c.ts'],
    [{ NODE_TEST_CONTEXT: 'child' }, 'node --test b/c.ts'],
    [{}, 'node b/c.ts'],
  ])('knows the runner by %o', (environment, command) => {
    expect(commandOf('p@s', '4:0:1', { environment, flags: [], stack, folder: '/a' })).toBe(
      `REFRESH_ONCE_PATH='p@s 4:0:1' ${command}`,
    )
  })

  it('says how Node was started', () => {
    const environment = { NODE_TEST_CONTEXT: 'child', NODE_OPTIONS: '--no-warnings --inspect' }
    const flags = ['--import', './a loader.js', '--test-timeout=9']

    expect(commandOf('p@s', '4:0:1', { environment, flags, stack, folder: '/a' })).toBe(
      "NODE_OPTIONS='--no-warnings --inspect' REFRESH_ONCE_PATH='p@s 4:0:1' " +
        "node --import './a loader.js' --test b/c.ts",
    )
  })

  it('is understood by whoever is meant, and by nobody else', () => {
    const environment = { REFRESH_ONCE_PATH: 'p@s 4:0:1' }

    expect(askedPath('p@s', environment)).toBe('4:0:1')
    expect(askedPath('p@t', environment)).toBeUndefined()
  })

  it('is understood where a name has spaces in it', () => {
    const environment = { REFRESH_ONCE_PATH: 'p@my server 4:0:1' }

    expect(askedPath('p@my server', environment)).toBe('4:0:1')
    expect(askedPath('p@my', environment)).toBeUndefined()
    expect(askedPath('p@s', {})).toBeUndefined()
  })
})

describe('a path', () => {
  it.each([
    { seed: 42, steps: '0:3:1' },
    { seed: -7, steps: '' },
  ])('%o is read back', (path) => {
    expect(readPath(writePath(path))).toEqual(path)
  })

  it('is refused where it is none', () => {
    expect(() => readPath('nope')).toThrow(TypeError)
  })
})

describe('refuseSecrets', () => {
  const token = `${MARK}a`

  it.each([
    ['a member', { token }],
    ['a nested member', { a: [{ token }] }],
    ['a message', new Error(token)],
    ['a cause', new Error('a', { cause: { token } })],
    ['a hidden member', Object.defineProperty({}, 'a', { value: token })],
  ])('finds a token in %s', (_, value) => {
    expect(() => refuseSecrets(value, 'it')).toThrow('it shows a token or a secret')
  })

  it('lets pass what shows none', () => {
    expect(() => refuseSecrets(new Error('a'), 'it')).not.toThrow()
  })
})

describe('eavesdrop', () => {
  it('hears a token that is about to be printed, and does not print it', () => {
    const heard: string[] = []
    const release = eavesdrop((where) => heard.push(where))

    console.warn('a', { token: MARK })
    process.stderr.write(MARK)
    process.stderr.write(Buffer.from(MARK))
    release()

    expect(heard).toEqual(['console.warn', 'the standard error', 'the standard error'])
  })

  it('hears what goes round the streams, and lets the rest pass', async () => {
    const heard: string[] = []
    const file = openSync('/dev/null', 'w')
    const release = eavesdrop((where) => heard.push(where))

    const synchronous = [writeSync(file, `${MARK}é`), writeSync(file, 'other')]
    const written = await new Promise((resolve) => {
      write(file, Buffer.from(MARK), (_, count) => resolve(count))
    })
    release()
    writeSync(file, MARK)
    closeSync(file)

    expect(heard).toEqual(['a file', 'a file'])
    expect([...synchronous, written]).toEqual([MARK.length + 2, 5, MARK.length])
  })
})
