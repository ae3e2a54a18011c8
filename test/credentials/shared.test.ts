import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { credentialsFile } from '../../src/credentials/credentials-file.ts'
import type { Store, TokenSet } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { startOidcServer, tokenSetOf } from '../oidc/oidc-server.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startProcess } from './processes.ts'

const PROCESSES = 7

async function freshPath(): Promise<string> {
  const directory = await temporaryDirectory('credentials')
  onTestFinished(() => rm(directory, { recursive: true, maxRetries: 10 }))
  return join(directory, 'credentials.json')
}

/** A strict authorization server, and a user who is signed in with an access token that is over. */
async function signedIn() {
  const server = await startOidcServer({ accessTokenMs: 3_600_000 })
  onTestFinished(server.stop)
  const tokens = { ...tokenSetOf(await server.signIn()), expiresAtMs: 1_700_000_000_000 }
  return { server, tokens }
}

describe('seven processes that share a credential file', () => {
  it('present each refresh token once, when they wake together', async () => {
    const { server, tokens } = await signedIn()
    const path = await freshPath()
    await credentialsFile({ path }).put('default', tokens)
    const processes = await Promise.all(
      Array.from({ length: PROCESSES }, () => startProcess({ path, issuer: server.issuer })),
    )
    onTestFinished(() => Promise.all(processes.map((each) => each.stop())).then(() => {}))

    let refused: string | undefined
    const seen: unknown[] = []
    for (let round = 0; round < 3; round += 1) {
      const asked = { type: 'token', ...(refused && { refused }) } as const
      const answers = await Promise.all(processes.map((each) => each.ask(asked)))
      const texts = new Set(answers.map((each) => each?.answer))
      expect(answers.map((each) => each?.code)).toEqual(Array(PROCESSES).fill(undefined))
      expect(texts.size).toBe(1)
      refused = [...texts][0] as string
      expect(await server.isLive(refused)).toBe(true)
      seen.push(refused)
    }

    expect(new Set(seen).size).toBe(3)
    expect(server.counts()).toMatchObject({ presentations: 3, presentedTwice: 0, reuses: 0 })
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      grants: { default: { accessToken: refused } },
    })
  })

  it('lose their grant, if each keeps the tokens that it has loaded once', async () => {
    const { server, tokens } = await signedIn()

    const answers = await Promise.all(
      Array.from({ length: PROCESSES }, () => server.present(tokens.refreshToken!)),
    )

    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    expect(server.counts().reuses).toBeGreaterThan(0)
  })
})

describe('another program that writes the file', () => {
  const options = (issuer: string) => ({
    provider: oidc({ issuer, rotation: 'always' }),
    client: { id: 'public' },
    onEvent: () => {},
  })

  /** What a program does that knows no ledger: it rotates, and writes the file in place. */
  async function rotate(
    server: Awaited<ReturnType<typeof startOidcServer>>,
    path: string,
    refreshToken: string,
    expiresAtMs = 4_000_000_000_000,
  ): Promise<TokenSet> {
    const { body } = await server.present(refreshToken)
    const tokens = {
      accessToken: body['access_token'] as string,
      refreshToken: body['refresh_token'] as string,
      expiresAtMs,
    }
    await writeFile(path, JSON.stringify({ grants: { default: tokens } }))
    return tokens
  }

  it('is followed: what it rotated is used, and nothing older is presented', async () => {
    const { server, tokens } = await signedIn()
    const path = await freshPath()
    const file = credentialsFile({ path })
    await file.put('default', tokens)
    const source = file.source(options(server.issuer))
    await source.accessToken()
    const ours = (await file.load('default'))!

    const theirs = await rotate(server, path, ours.refreshToken!, 1_700_000_000_000)
    const renewed = await source.accessToken()

    expect(await server.isLive(renewed)).toBe(true)
    expect((await file.load('default'))!.refreshToken).not.toBe(theirs.refreshToken)
    expect(server.counts()).toMatchObject({ presentations: 3, presentedTwice: 0, reuses: 0 })
  })

  it('is noticed under the claim: the token that it has presented is not sent', async () => {
    const { server, tokens } = await signedIn()
    const path = await freshPath()
    const rows = memoryStore()
    let theirs: TokenSet | undefined
    /** The other program wins the race between our first look into the file and our claim. */
    const store: Store = {
      ...rows,
      async swap(...args) {
        const swapped = await rows.swap(...args)
        theirs ??= await rotate(server, path, tokens.refreshToken!)
        return swapped
      },
    }
    const file = credentialsFile({ path, store })
    await file.put('default', tokens)
    const source = file.source(options(server.issuer))

    const accessToken = await source.accessToken()

    expect(accessToken).toBe(theirs!.accessToken)
    expect(server.counts()).toMatchObject({ presentations: 1, presentedTwice: 0, reuses: 0 })
    expect(await file.load('default')).toMatchObject(theirs!)
  })

  it('signs the user out: nothing is presented, and the file stays as it is', async () => {
    const { server, tokens } = await signedIn()
    const path = await freshPath()
    const rows = memoryStore()
    const store: Store = {
      ...rows,
      async swap(...args) {
        await writeFile(path, '{"grants":{}}')
        return rows.swap(...args)
      },
    }
    const file = credentialsFile({ path, store })
    await file.put('default', tokens)
    const source = file.source(options(server.issuer))

    await expect(source.accessToken()).rejects.toMatchObject({ code: 'no_tokens' })

    expect(server.counts().presentations).toBe(0)
    expect(await readFile(path, 'utf8')).toBe('{"grants":{}}')
  })
})

describe('a refresh that fails', () => {
  it('deletes and empties nothing, even if the server has ended the grant', async () => {
    const { server, tokens } = await signedIn()
    const path = await freshPath()
    const file = credentialsFile({ path, store: fileStore(`${path}.ledger`) })
    await file.put('default', tokens)
    const before = await readFile(path, 'utf8')
    const source = file.source({
      provider: oidc({ issuer: server.issuer, rotation: 'always' }),
      client: { id: 'public' },
      onEvent: () => {},
    })
    server.endGrant(tokens.refreshToken!)

    const outcome = await source.get()

    expect(outcome).toMatchObject({ needsSignIn: true })
    expect(await readFile(path, 'utf8')).toBe(before)
  })

  it('is over with the next sign-in', async () => {
    const { server, tokens } = await signedIn()
    const file = credentialsFile({ path: await freshPath() })
    await file.put('default', tokens)
    const source = file.source({
      provider: oidc({ issuer: server.issuer, rotation: 'always' }),
      client: { id: 'public' },
      onEvent: () => {},
    })
    server.endGrant(tokens.refreshToken!)
    await source.get()

    const again = tokenSetOf(await server.signIn())
    await file.put('default', again)

    expect(await source.accessToken()).toBe(again.accessToken)
    await source.signOut()
    expect(await source.get()).toBeUndefined()
    expect(await server.isLive(again.refreshToken!)).toBe(false)
  })
})
