import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { TokenSet } from '../../src/index.ts'
import { bundled } from '../credentials/processes.ts'
import { startOidcServer } from '../oidc/oidc-server.ts'
import { browse } from '../oidc/sign-in.ts'
import { freePort, temporaryDirectory } from '../servers/process.ts'

async function world() {
  const port = await freePort()
  const server = await startOidcServer({
    accessTokenMs: 3_600_000,
    redirectUris: [`http://127.0.0.1:${port}/callback`],
  })
  const folder = await temporaryDirectory('cli')
  onTestFinished(async () => {
    await server.stop()
    await rm(folder, { recursive: true, maxRetries: 10 })
  })
  const script = await bundled('docs/examples/cli/cli.ts')
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    XDG_STATE_HOME: folder,
    BROWSER: 'none',
    MY_CLI_ISSUER: server.issuer,
    MY_CLI_CLIENT: 'public',
    MY_CLI_PORT: String(port),
  }

  /** Runs the program to its end. @param seen Is told what it prints for its user. */
  async function run(command: string, seen: (text: string) => void = () => {}) {
    const child = spawn(process.execPath, [script, command], { env })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => seen((stderr += text)))
    const [code] = (await once(child, 'close')) as [number]
    return { code, stdout, stderr }
  }

  /** The user does what the program asks for. */
  async function signIn() {
    let visit: Promise<unknown> | undefined
    const ran = await run('sign-in', (text) => {
      const [page] = /http:\S+(?=\n)/.exec(text) ?? []
      if (page !== undefined) visit ??= browse(new URL(page)).then((back) => fetch(back))
    })
    await visit
    return ran
  }
  return { server, run, signIn, path: join(folder, 'my-cli', 'credentials.json') }
}

it('signs in, serves seven processes at once with one presentation, and signs out', async () => {
  const { server, run, signIn, path } = await world()

  expect(await run('status')).toMatchObject({ code: 1, stdout: expect.stringMatching(/sign-in/) })
  expect(await run('token')).toMatchObject({ code: 1, stdout: '' })
  expect(await signIn()).toMatchObject({ code: 0, stderr: expect.stringMatching(/signed in/) })
  expect(await run('status')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/good until/),
  })

  // The access token is over.
  const content = JSON.parse(await readFile(path, 'utf8')) as { grants: { default: TokenSet } }
  content.grants.default.expiresAtMs = 1_700_000_000_000
  delete content.grants.default.obtainedAtMs
  await writeFile(path, JSON.stringify(content))
  const ran = await Promise.all(Array.from({ length: 7 }, () => run('token')))

  expect(ran.map(({ code, stderr }) => `${code} ${stderr}`)).toEqual(Array(7).fill('0 '))
  const [token, ...others] = new Set(ran.map(({ stdout }) => stdout.trim()))
  expect(others).toEqual([])
  expect(await server.isLive(token!)).toBe(true)
  expect(server.counts()).toMatchObject({ presentations: 1, presentedTwice: 0, reuses: 0 })

  expect(await run('sign-out')).toMatchObject({ code: 0, stdout: 'You are signed out.\n' })
  expect(await run('status')).toMatchObject({ code: 1 })
  expect(await server.isLive(token!)).toBe(false)
})

it('says what it can do, and what went wrong', async () => {
  const { run, path, signIn } = await world()

  expect(await run('help')).toMatchObject({
    code: 2,
    stderr: 'There are: sign-in, status, token, sign-out.\n',
  })
  await signIn()
  await writeFile(path, 'no json')
  const { code, stderr } = await run('token')
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(path) })
})
