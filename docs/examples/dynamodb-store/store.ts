/**
 * A store in DynamoDB, as an example of how to write one: conditional writes are all it takes.
 *
 *     const store = dynamoStore(new DynamoDB(), { table: 'refresh-once' })
 *
 * The table has a string partition key `id`, and deletes by the attribute `deleteAfter` (TTL):
 *
 *     aws dynamodb create-table --table-name refresh-once --billing-mode PAY_PER_REQUEST \
 *       --attribute-definitions AttributeName=id,AttributeType=S \
 *       --key-schema AttributeName=id,KeyType=HASH
 *     aws dynamodb update-time-to-live --table-name refresh-once \
 *       --time-to-live-specification Enabled=true,AttributeName=deleteAfter
 *
 * What it promises: all processes that share the table, in one region. Not across a global table's
 * regions: there the last writer wins, and a claim is no claim.
 *
 * DynamoDB tells nobody the time, so hosts must keep it (NTP). One that is fast calls claims
 * overdue too early: then it presents nothing, and the token counts as lost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RefreshError } from 'refresh-once'
import type { Store, StoredRow } from 'refresh-once'

/** What is asked of `DynamoDB` of `@aws-sdk/client-dynamodb`. */
export interface Dynamo {
  getItem(input: {
    TableName: string
    Key: Item
    ConsistentRead: boolean
  }): Promise<{ readonly Item?: Found | undefined }>
  putItem(input: {
    TableName: string
    Item: Item
    ConditionExpression: string
    ExpressionAttributeNames: Record<string, string>
    ExpressionAttributeValues: Item
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD'
  }): Promise<unknown>
}

/** What is sent: each attribute is of one type. */
export type Item = Record<string, Attribute>
export type Attribute = { S: string } | { N: string } | { B: Uint8Array }

/** What is answered: attributes that others wrote may be of types that are not named here. */
export type Found = Record<string, FoundAttribute>
export interface FoundAttribute {
  readonly S?: string | undefined
  readonly N?: string | undefined
  readonly B?: Uint8Array | undefined
}

export interface DynamoStoreOptions {
  readonly table: string
  /** Epoch milliseconds. */
  readonly now?: () => number
}

const POLL_MS = 200

export function dynamoStore(client: Dynamo, { table, now = Date.now }: DynamoStoreOptions): Store {
  async function read(id: string): Promise<StoredRow> {
    try {
      // Without ConsistentRead it may answer with what stood there before.
      const Key = { id: { S: id } }
      const { Item } = await client.getItem({ TableName: table, Key, ConsistentRead: true })
      return standing(Item, now())
    } catch {
      throw new RefreshError('store_unavailable', { store: 'dynamodb' })
    }
  }

  return {
    name: 'dynamodb',
    id: `dynamodb ${table}`,
    read,
    async swap(id, expected, value, ttlMs) {
      // Read first only to be never before the row that is overwritten: clocks of hosts differ.
      const before = expected === 0 ? undefined : await read(id)
      const nowMs = Math.max(now(), before?.nowMs ?? 0)
      const expiresAtMs = nowMs + Math.ceil(ttlMs)
      try {
        await client.putItem({
          TableName: table,
          Item: {
            id: { S: id },
            bytes: { B: value },
            revision: { N: `${expected + 1}` },
            writtenAtMs: { N: `${nowMs}` },
            expiresAtMs: { N: `${expiresAtMs}` },
            deleteAfter: { N: `${Math.ceil(expiresAtMs / 1000)}` },
          },
          // Rows are deleted up to days after their time: until then they count as absent.
          ...(expected === 0
            ? {
                ConditionExpression: 'attribute_not_exists(#id) OR #expires <= :now',
                ExpressionAttributeNames: { '#id': 'id', '#expires': 'expiresAtMs' },
                ExpressionAttributeValues: { ':now': { N: `${nowMs}` } },
              }
            : {
                ConditionExpression: '#revision = :expected AND #expires > :now',
                ExpressionAttributeNames: { '#revision': 'revision', '#expires': 'expiresAtMs' },
                ExpressionAttributeValues: {
                  ':expected': { N: `${expected}` },
                  ':now': { N: `${nowMs}` },
                },
              }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        })
        const stored = { value: value.slice(), version: expected + 1, writtenAtMs: nowMs, nowMs }
        return { ...stored, swapped: true }
      } catch (error) {
        const refused = error as { name?: string; Item?: Found }
        if (refused.name === 'ConditionalCheckFailedException') {
          return { ...standing(refused.Item, now()), swapped: false }
        }
        throw new RefreshError('store_unavailable', { store: 'dynamodb' })
      }
    },
    async changed(id, version, signal) {
      while (!signal.aborted && (await read(id)).version === version) {
        await sleep(POLL_MS, undefined, { signal }).catch(() => {})
      }
    },
  }
}

function standing(item: Found | undefined, clockMs: number): StoredRow {
  const writtenAtMs = Number(item?.['writtenAtMs']?.N ?? 0)
  const nowMs = Math.max(clockMs, writtenAtMs)
  const value = item?.['bytes']?.B
  if (value === undefined || nowMs >= Number(item?.['expiresAtMs']?.N)) {
    return { version: 0, writtenAtMs: 0, nowMs }
  }
  return { value, version: Number(item?.['revision']?.N), writtenAtMs, nowMs }
}
