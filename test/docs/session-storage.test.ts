import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { blocksOf } from './blocks.ts'

const PATH = 'docs/guides/session-storage.md'
const guide = readFileSync(new URL(`../../${PATH}`, import.meta.url), 'utf8')
const { code } = blocksOf(PATH, guide).find((block) => block.code.includes('function subjectOf'))!

const AUDIENCE = 'https://api.example.com'

/** What the keys are answered with. */
interface Answer {
  readonly status?: number
  readonly body: string
}

/** The guide's `subjectOf`, asked by somebody with a good token or another, and its keys. */
async function guarded(answer?: Answer) {
  const [ours, theirs] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'ES256' }
  const { status = 200, body } = answer ?? { body: JSON.stringify({ keys: [jwk] }) }
  const server = createServer((_, response) => response.writeHead(status).end(body))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { subjectOf } = await imported(code.replace('https://id.example.com', issuer))
  return {
    async ask({ kid = 'ours', alg = 'ES256', audience = AUDIENCE, isForged = false }: Token = {}) {
      const { privateKey } = isForged ? theirs : ours
      const token = await new SignJWT()
        .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
        .setSubject('ada')
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime('5 minutes')
        .sign(alg === 'ES256' ? privateKey : new Uint8Array(32))
      const headers = { authorization: `Bearer ${token}` }
      const answered = await subjectOf(new Request(AUDIENCE, { headers }))
      return answered instanceof Response
        ? [answered.status, answered.headers.get('www-authenticate')]
        : answered
    },
  }
}

interface Token {
  readonly kid?: string
  readonly alg?: string
  readonly audience?: string
  readonly isForged?: boolean
}

type Guide = { subjectOf(request: Request): Promise<string | Response> }

/** The code as a module. One that is no file has no packages, but may name where they lie. */
async function imported(text: string): Promise<Guide> {
  const { outputText } = ts.transpileModule(
    text.replace("'jose'", `'${import.meta.resolve('jose')}'`),
    {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    },
  )
  return (await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) as Guide
}

describe(`subjectOf of ${PATH}`, () => {
  it('says whose a good token is', async () => {
    expect(await (await guarded()).ask()).toBe('ada')
  })

  it.each<[string, Token]>([
    ['for another API', { audience: 'https://other.example.com' }],
    ['with the signature of another key', { isForged: true }],
    ['with a key that is not in the set', { kid: 'theirs' }],
    ['with an algorithm that is not allowed', { alg: 'HS256' }],
  ])('refuses a token %s', async (_, token) => {
    expect(await (await guarded()).ask(token)).toEqual([401, 'Bearer error="invalid_token"'])
  })

  it.each<[string, Answer]>([
    ['are answered with 503', { status: 503, body: '' }],
    ['are no JSON', { body: '<html>' }],
    ['are no keys', { body: '{}' }],
  ])('does not call a token bad when the keys %s', async (_, answer) => {
    const { ask } = await guarded(answer)

    await expect(ask()).rejects.toThrow('JSON Web Key Set')
  })
})
