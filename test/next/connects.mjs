// Counts the connections that a process could not make, in the file CONNECTS: a dot for each.
import { appendFileSync } from 'node:fs'
import { subscribe } from 'node:diagnostics_channel'

subscribe('undici:client:connectError', () => appendFileSync(process.env.CONNECTS, '.'))
