import { createRefresher } from 'refresh-once'
import { oidc } from 'refresh-once/providers/oidc'
import { fileStore } from 'refresh-once/stores/file'
import type { WebSessionOptions } from 'refresh-once/sveltekit'
import { env } from '$env/dynamic/private'

export const api = env['API']!

const client = { id: env['CLIENT_ID']!, secret: env['CLIENT_SECRET']! }
const provider = oidc({ issuer: env['ISSUER']! })
const store = fileStore(env['LEDGER'] ?? '.ledger')
const refresher = createRefresher({ provider, client, ledger: { store } })

export const options: WebSessionOptions = { refresher, client, origin: env['ORIGIN']!, apis: [api] }
