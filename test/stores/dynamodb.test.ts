import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { dynamodbStore, type DynamodbClient } from '../../src/stores/dynamodb.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
import { systemClock } from '../../src/core/clock.ts'
import { startDynamodb, type DynamodbServer } from '../servers/dynamodb.ts'
import { manualClock } from '../ledger/manual-clock.ts'
import { fakeDynamo } from './dynamodb/fake.ts'

const value = Uint8Array.of(1)

/** An attribute as `@aws-sdk/client-dynamodb` has it: each type rules out the others. */
type AttributeValue =
  | { S: string; N?: never; B?: never; BOOL?: never; $unknown?: never }
  | { S?: never; N: string; B?: never; BOOL?: never; $unknown?: never }
  | { S?: never; N?: never; B: Uint8Array; BOOL?: never; $unknown?: never }
  | { S?: never; N?: never; B?: never; BOOL: boolean; $unknown?: never }
  | { S?: never; N?: never; B?: never; BOOL?: never; $unknown: [string, unknown] }
type Values = Record<string, AttributeValue>

/** What the store calls of its `DynamoDB`. */
interface DynamoDB {
  getItem(
    input: {
      TableName: string | undefined
      Key: Values | undefined
      ConsistentRead?: boolean | undefined
    },
    options?: object,
  ): Promise<{ Item?: Values | undefined }>
  putItem(
    input: {
      TableName: string | undefined
      Item: Values | undefined
      ConditionExpression?: string | undefined
      ExpressionAttributeNames?: Record<string, string> | undefined
      ExpressionAttributeValues?: Values | undefined
      ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined
    },
    options?: object,
  ): Promise<object>
}

storeContract(
  'dynamodbStore over a fake',
  () => {
    const client = fakeDynamo()
    const { now, advance } = manualClock()
    const clock = { ...systemClock, now }
    return {
      store: dynamodbStore(client, { table: 'rows', clock }),
      twin: dynamodbStore(client, { table: 'rows', clock }),
      pass: advance,
    }
  },
  { describe: describe.concurrent, it },
)

let server: DynamodbServer
beforeAll(async () => {
  server = await startDynamodb()
})
afterAll(() => server?.stop())

storeContract(
  'dynamodbStore over the AWS SDK and dynalite',
  async () => {
    const table = `rows-${crypto.randomUUID()}`
    await server.createTable(table)
    const [store, twin] = [1, 2].map(() => dynamodbStore(server.client(), { table }))
    return { store: store!, twin: twin! }
  },
  { describe: describe.concurrent, it },
)

describe('dynamodbStore', () => {
  it('never says a time before the row was written, whatever the clocks of hosts say', async () => {
    const client = fakeDynamo()
    const [fast, slow] = [2_000_000, 1_000_000].map((ms) =>
      dynamodbStore(client, { clock: { ...manualClock(), now: () => ms } }),
    )
    await fast!.swap('a', 0, value, 60_000)

    expect(await slow!.read('a')).toMatchObject({ version: 1, nowMs: 2_000_000 })
    expect(await slow!.swap('a', 1, value, 60_000)).toMatchObject({ writtenAtMs: 2_000_000 })
  })

  it('finds its own swap when the SDK sends it again, because the answer got lost', async () => {
    const client = fakeDynamo()
    const store = dynamodbStore({
      ...client,
      async putItem(input) {
        await client.putItem(input)
        return client.putItem(input)
      },
    })

    expect(await store.swap('a', 0, value, 60_000)).toMatchObject({ swapped: true, version: 1 })
    expect(await store.swap('a', 0, value, 60_000)).toMatchObject({ swapped: false, version: 1 })
    expect(await store.swap('a', 1, value, 60_000)).toMatchObject({ swapped: true, version: 2 })
  })

  it.each([
    ['ResourceNotFoundException', /table is missing/],
    ['AccessDeniedException', /may not dynamodb:GetItem/],
    ['ThrottlingException', /throttles/],
    ['TimeoutError', /cannot be reached/],
  ])('says what to do about %s', async (name, says) => {
    const fail = (): Promise<never> => Promise.reject(Object.assign(new Error('secret'), { name }))
    const store = dynamodbStore({ getItem: fail, putItem: fail })

    const error = await store.swap('a', 0, value, 1).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'store_unavailable', store: 'dynamodb' })
    expect(String(error)).toMatch(says)
    expect(String(error)).not.toMatch(/secret/)
  })

  it.each([
    [{ send() {} }, {}, /write new DynamoDB\(\{\}\)/],
    [undefined, {}, /write new DynamoDB/],
    [fakeDynamo(), { table: 'a' }, /table is a string: write the name of a table/],
    [fakeDynamo(), { tabel: 'rows' }, /did you mean table/],
  ])('takes no %j with %j', (client, options, says) => {
    const make = (): unknown => dynamodbStore(client as DynamodbClient, options as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(says)
  })

  it('takes the DynamoDB of the AWS SDK', () => {
    expectTypeOf<DynamoDB>().toExtend<DynamodbClient>()
  })

  it('rejects as a store does when DynamoDB fails', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('throttled'))
    const store = dynamodbStore({ getItem: fail, putItem: fail }, { table: 'rows' })
    const unavailable = { code: 'store_unavailable', store: 'dynamodb' }

    await expect(store.read('a')).rejects.toMatchObject(unavailable)
    await expect(store.swap('a', 0, value, 1)).rejects.toMatchObject(unavailable)
  })
})

describe('fakeDynamo', () => {
  const input: Parameters<DynamodbClient['putItem']>[0] = {
    TableName: 'rows',
    Item: { id: { S: 'a' }, n: { N: '1' } },
    ConditionExpression: 'attribute_not_exists(#id)',
    ExpressionAttributeNames: { '#id': 'id' },
    ExpressionAttributeValues: {},
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }

  it('answers a read that does not ask for consistency with what stood there before', async () => {
    const client = fakeDynamo()
    const get = { TableName: 'rows', Key: { id: { S: 'a' } } }
    await client.putItem(input)

    expect((await client.getItem({ ...get, ConsistentRead: false })).Item).toBeUndefined()
    expect((await client.getItem({ ...get, ConsistentRead: true })).Item).toEqual(input.Item)
  })

  it('refuses a condition that does not hold, with the item that stands there', async () => {
    const client = fakeDynamo()
    await client.putItem(input)

    await expect(client.putItem(input)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: input.Item,
    })
  })

  it.each([
    { ExpressionAttributeValues: { ':unused': { N: '1' } } },
    { ExpressionAttributeNames: { '#id': 'id', '#unused': 'n' } },
    { ConditionExpression: 'attribute_not_exists(version)' },
    { Item: { id: { S: 'a' }, b: { B: new Uint8Array(500_000) } } },
  ])('refuses what DynamoDB does: %j', async (wrong) => {
    await expect(fakeDynamo().putItem({ ...input, ...wrong })).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })
})
