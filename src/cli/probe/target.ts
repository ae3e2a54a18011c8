import { resolve } from 'node:path'
import { defineProvider } from '../../core/define-provider.ts'
import type { Client, ProviderDescription } from '../../core/provider.ts'
import type { ServerDescription } from '../../testing/authorization-server.ts'
import { checkClient } from '../../transport/client-authentication.ts'
import { loadProvider } from '../fuzz/load-provider.ts'
import { Misused } from '../misused.ts'
import { authenticationOf, checkFilled, clientOf, type Subject } from '../subject.ts'
import type { Surroundings } from '../surroundings.ts'
import type { ProbeOptions } from './options.ts'

/** Whom it is about. */
export interface Target extends Subject {
  /** What the file says of its server: how it writes is taken from there. */
  readonly server?: ServerDescription
  /** The members of the provider that is to be written, or the file that exports it. */
  readonly origin: ProviderDescription | { readonly path: string }
}

/**
 * @throws {TypeError} For a configuration that refresh-once would refuse, in its own words.
 * @throws {Misused} For a command line that cannot be carried out.
 */
export async function targetOf(options: ProbeOptions, around: Surroundings): Promise<Target> {
  const target = await (options.file === undefined
    ? described(options, around)
    : exported(options.file, options, around))
  checkClient(target.client, target.provider)
  return target
}

function described(options: ProbeOptions, around: Surroundings): Target {
  const { issuer, tokenEndpoint, insecure, authentication } = options
  const clientAuthentication = authenticationOf(authentication)
  const client = clientOf(options, around)
  const place = issuer ?? tokenEndpoint ?? ''
  checkFilled('address', place)
  const origin: ProviderDescription = {
    id: options.id ?? idOf(place),
    ...(issuer === undefined ? { tokenEndpoint: place } : { issuer }),
    ...(clientAuthentication && { clientAuthentication }),
    ...(insecure && { insecure }),
  }
  return { provider: defineProvider(origin), client, origin }
}

/** A name for whom nobody has named: `id-example-com`. */
function idOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return (
    host
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'probed'
  )
}

async function exported(
  file: string,
  options: ProbeOptions,
  around: Surroundings,
): Promise<Target> {
  const { provider, server, client } = await loadProvider(file, process.cwd())
  const given = options.client === undefined ? client : clientOf(options, around)
  if (given === undefined) throw new Misused('--client is missing')
  return {
    provider,
    client: given satisfies Client,
    ...(server !== undefined && { server }),
    origin: { path: resolve(file) },
  }
}
