import type { Client, Provider } from '../core/provider.ts'

/** @throws {TypeError} For a client that cannot authenticate as the provider wants. */
export function checkClient(client: Client, { id, clientAuthentication: method }: Provider): void {
  if (typeof client.id !== 'string' || client.id === '') {
    throw new TypeError(`${id}: client.id is empty: write the client_id you registered`)
  }
  if (client.secret !== undefined && (typeof client.secret !== 'string' || client.secret === '')) {
    throw new TypeError(`${id}: client.secret is empty: leave it out for a public client`)
  }
  if (typeof method !== 'string') return
  if (method.startsWith('client_secret') && client.secret === undefined) {
    throw new TypeError(`${id}: '${method}' needs client.secret; a public client is 'none'`)
  }
  if (method === 'private_key_jwt' && client.privateKey === undefined) {
    throw new TypeError(`${id}: 'private_key_jwt' needs client.privateKey`)
  }
}
