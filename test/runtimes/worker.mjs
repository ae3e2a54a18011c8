// Tries the promises in workerd, with the store of Durable Objects and Redis over HTTP.
import { durableObjectStore } from 'refresh-once/stores/durable-object'
import { storeContract } from 'refresh-once/testing'
import { contract, overHttp, promises } from './promises.mjs'

export { LedgerRow } from 'refresh-once/stores/durable-object'

export const worker = {
  async fetch(request, env) {
    const given = await request.json()
    const objects = (prefix = crypto.randomUUID()) =>
      durableObjectStore({
        idFromName: (name) => env.LEDGER.idFromName(prefix + name),
        get: (id) => env.LEDGER.get(id),
      })
    const results = []
    if (given.contract) {
      const stores = {
        'durable-object': objects,
        http: (prefix) => overHttp(given, prefix),
      }
      for (const [name, make] of Object.entries(stores)) {
        results.push(
          await contract(storeContract, name, () => {
            const prefix = crypto.randomUUID()
            return { store: make(prefix), twin: make(prefix) }
          }),
        )
      }
    }
    results.push(...(await promises(given, objects)))
    return Response.json(results)
  },
}
