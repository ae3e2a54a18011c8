// Builds and starts the application against an authorization server that runs here, with access
// tokens of ten seconds, and prints how often refresh tokens were presented to it. The server is
// that of the repository's own tests, so this works in a clone only.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { startOidcServer } from '../../../test/oidc/oidc-server.ts'

const origin = 'http://localhost:3000'
const server = await startOidcServer({
  accessTokenMs: 10_000,
  redirectUris: [`${origin}/api/auth/callback/oidc`],
})
const env = {
  ...process.env,
  AUTH_SECRET: randomBytes(32).toString('base64url'),
  AUTH_TRUST_HOST: 'true',
  PROVIDER: 'oidc',
  AUTH_ISSUER: server.issuer,
  AUTH_CLIENT_ID: server.clients.basic.id,
  AUTH_CLIENT_SECRET: server.clients.basic.secret,
}
const next = (...args) => spawn('npx', ['next', ...args], { env, stdio: 'inherit' })

const built = await new Promise((resolve) => next('build').once('exit', resolve))
if (built !== 0) process.exit(1)
next('start', '-p', '3000').once('exit', () => process.exit())

for (let seen = 0; ;) {
  await server.until(({ presentations }) => presentations > seen)
  const { presentations, presentedTwice } = server.counts()
  seen = presentations
  console.log(`refresh tokens presented: ${presentations}, more than once: ${presentedTwice}`)
}
