import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo, Server } from 'node:net'
import type { DynamodbClient } from '../../src/stores/dynamodb.ts'
import { onDemand } from './on-demand.ts'

/** What is asked of the AWS SDK. */
type Client = DynamodbClient & {
  createTable(input: object): Promise<unknown>
  destroy(): void
}

export interface DynamodbServer extends AsyncDisposable {
  readonly url: string
  client(): Client
  createTable(name: string): Promise<void>
  stop(): Promise<void>
}

const SPECS = ['@aws-sdk/client-dynamodb@3.1169.0', 'dynalite@4.0.0']

/** A client of the AWS SDK for a server on loopback. */
export async function dynamodbClient(endpoint: string): Promise<Client> {
  const packages = await onDemand('dynamodb', SPECS)
  const { DynamoDB } = createRequire(packages)('@aws-sdk/client-dynamodb') as {
    DynamoDB: new (options: object) => Client
  }
  const credentials = { accessKeyId: 'loopback', secretAccessKey: 'only' }
  return new DynamoDB({ endpoint, region: 'eu-central-1', credentials })
}

/** Starts dynalite, which has DynamoDB's API, in this process. */
export async function startDynamodb(): Promise<DynamodbServer> {
  const packages = await onDemand('dynamodb', SPECS)
  const { default: dynalite } = (await import(`${packages}dynalite/index.js`)) as {
    default: (options: object) => Server
  }
  const server = dynalite({ createTableMs: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const owner = await dynamodbClient(url)
  const clients = [owner, await dynamodbClient(url)]
  let calls = 0
  const stop = async (): Promise<void> => {
    for (const client of clients) client.destroy()
    server.close()
    await once(server, 'close')
  }
  return {
    url,
    client: () => clients[(calls += 1) % 2]!,
    async createTable(name) {
      await owner.createTable({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      })
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
