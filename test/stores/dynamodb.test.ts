import { describe, expect, expectTypeOf, it } from 'vitest'
import { dynamoStore, type Dynamo } from '../../docs/examples/dynamodb-store/store.ts'
import { storeContract } from '../../src/testing/store-contract.ts'
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

/** What the example calls of its `DynamoDB`. */
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
  'dynamoStore of docs/examples',
  () => {
    const client = fakeDynamo()
    const clock = manualClock()
    return {
      store: dynamoStore(client, { table: 'rows', now: clock.now }),
      twin: dynamoStore(client, { table: 'rows', now: clock.now }),
      pass: clock.advance,
    }
  },
  { describe: describe.concurrent, it },
)

describe('dynamoStore of docs/examples', () => {
  it('never says a time before the row was written, whatever the clocks of hosts say', async () => {
    const client = fakeDynamo()
    const [fast, slow] = [2_000_000, 1_000_000].map((ms) =>
      dynamoStore(client, { table: 'rows', now: () => ms }),
    )
    await fast!.swap('a', 0, value, 60_000)

    expect(await slow!.read('a')).toMatchObject({ version: 1, nowMs: 2_000_000 })
    expect(await slow!.swap('a', 1, value, 60_000)).toMatchObject({ writtenAtMs: 2_000_000 })
  })

  it('takes the DynamoDB of the AWS SDK', () => {
    expectTypeOf<DynamoDB>().toExtend<Dynamo>()
  })

  it('rejects as a store does when DynamoDB fails', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error('throttled'))
    const store = dynamoStore({ getItem: fail, putItem: fail }, { table: 'rows' })
    const unavailable = { code: 'store_unavailable', store: 'dynamodb' }

    await expect(store.read('a')).rejects.toMatchObject(unavailable)
    await expect(store.swap('a', 0, value, 1)).rejects.toMatchObject(unavailable)
  })
})

describe('fakeDynamo', () => {
  const input: Parameters<Dynamo['putItem']>[0] = {
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
