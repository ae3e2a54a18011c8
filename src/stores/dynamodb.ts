import { checkOptions, clock as aClock, random as aRandom, text } from '../core/check-options.ts'
import type { TableOf } from '../core/check-options.ts'
import { systemClock, type Clock } from '../core/clock.ts'
import { systemRandom, type Random } from '../core/random.ts'
import { isRecord, ownField, toBase64url } from '../core/text.ts'
import type { Store, StoredRow } from '../ledger/store.ts'
import { storeErrors, watching } from './shared.ts'

/** What is asked of `DynamoDB` of `@aws-sdk/client-dynamodb`. */
export interface DynamodbClient {
  getItem(input: {
    TableName: string
    Key: DynamodbItem
    ConsistentRead: boolean
  }): Promise<{ readonly Item?: DynamodbFound | undefined }>
  putItem(input: {
    TableName: string
    Item: DynamodbItem
    ConditionExpression: string
    ExpressionAttributeNames: Record<string, string>
    ExpressionAttributeValues: DynamodbItem
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD'
  }): Promise<unknown>
}

/** What is sent: each attribute is of one type. */
export type DynamodbItem = Record<string, { S: string } | { N: string } | { B: Uint8Array }>

/** What is answered: attributes that others wrote may be of types that are not named here. */
export type DynamodbFound = Readonly<
  Record<
    string,
    {
      readonly S?: string | undefined
      readonly N?: string | undefined
      readonly B?: Uint8Array | undefined
    }
  >
>

export interface DynamodbStoreOptions {
  /** The name of the table, or its ARN. Default `refresh-once`. */
  readonly table?: string
  /** The wall clock of the host. Hosts that share a table must have the same time. */
  readonly clock?: Clock
  readonly random?: Random
}

const STORE = 'dynamodb'

const OPTIONS: TableOf<DynamodbStoreOptions> = {
  table: text('the name of a table', (name) => /^[\w.:/-]{3,}$/.test(name)),
  clock: aClock,
  random: aRandom,
}

/** What an exception means, by its name. */
const errorFrom = storeErrors(STORE, {
  codeOf: (error) => String(ownField(Object(error) as object, 'name')),
  hints: {
    AccessDeniedException: 'The role may not dynamodb:GetItem or dynamodb:PutItem on the table.',
    CredentialsProviderError: 'The client has no credentials.',
    ExpiredTokenException: 'The credentials of the client are over.',
    UnrecognizedClientException: 'AWS does not know the credentials of the client.',
    InvalidSignatureException: 'AWS refuses the signature: is the clock of this host right?',
    ProvisionedThroughputExceededException: "The table's throughput is used up.",
    ThrottlingException: 'DynamoDB throttles: the table, or the account, asks too much of it.',
    RequestLimitExceeded: 'The throughput of the account is used up.',
    ReplicatedWriteConflictException: 'Another region writes the same row.',
    TransactionConflictException: 'A transaction of the application holds the row.',
    ResourceNotFoundException:
      'The table is missing in this region: docs/stores.md has the command that makes it.',
    ValidationException: 'The table has another key: docs/stores.md says which it needs.',
  },
  full: {},
  otherwise: () => 'It cannot be reached: are region and endpoint right?',
})

/**
 * Keeps rows in a table of DynamoDB. All processes that share the table in one region share them.
 * Not those of several regions of a global table with eventual consistency: there the last writer
 * wins, and a claim is no claim.
 *
 * DynamoDB tells nobody the time, so hosts must keep it (NTP). A host that is fast calls claims
 * overdue too early: then it presents nothing, and the token may count as lost.
 *
 * @param client `new DynamoDB()` of `@aws-sdk/client-dynamodb`; it stays the caller's.
 * @throws {TypeError} For a client that cannot do what is asked of it, or an option that is none.
 * @store DynamoDB
 * @for AWS: Lambda, and where there is no other database
 * @sharedBy all processes that reach it in one region
 * @needs `@aws-sdk/client-dynamodb` 3.363 or later
 */
export function dynamodbStore(client: DynamodbClient, options: DynamodbStoreOptions = {}): Store {
  checkOptions('dynamodbStore', options, OPTIONS)
  if (typeof client?.getItem !== 'function' || typeof client.putItem !== 'function') {
    throw new TypeError(
      'dynamodbStore() takes a DynamoDB of @aws-sdk/client-dynamodb: write new DynamoDB({}), ' +
        'where you have a DynamoDBClient or a document client',
    )
  }
  const { table = 'refresh-once', clock = systemClock, random = systemRandom } = options
  const now = (): number => Math.floor(clock.now())

  async function look(id: string): Promise<DynamodbFound | undefined> {
    try {
      // Without ConsistentRead it may answer with what stood there before.
      const request = { TableName: table, Key: { id: { S: id } }, ConsistentRead: true }
      return (await client.getItem(request)).Item
    } catch (error) {
      throw errorFrom(error)
    }
  }
  const read = async (id: string): Promise<StoredRow> => standing(await look(id), now())

  /** @returns What stands there instead, if the condition does not hold. */
  async function put(
    item: DynamodbItem & Record<'id', { S: string }>,
    condition: Condition,
  ): Promise<{ readonly refused: boolean; readonly found?: DynamodbFound | undefined }> {
    try {
      const ReturnValuesOnConditionCheckFailure = 'ALL_OLD'
      const request = { TableName: table, Item: item, ReturnValuesOnConditionCheckFailure } as const
      await client.putItem({ ...request, ...condition })
      return { refused: false }
    } catch (error) {
      const from = Object(error) as object
      if (ownField(from, 'name') !== 'ConditionalCheckFailedException') throw errorFrom(error)
      const told = ownField(from, 'Item')
      // It is not told if there is none, nor by servers that know DynamoDB's older API only.
      const found = isRecord(told) ? (told as DynamodbFound) : await look(item.id.S)
      return { refused: true, found }
    }
  }

  return {
    name: STORE,
    id: `${STORE} ${table}`,
    read,
    async swap(id, expected, value, ttlMs) {
      // Read first only to be never before the row that is overwritten: clocks of hosts differ.
      const before = expected === 0 ? undefined : await read(id)
      const nowMs = Math.max(now(), before?.nowMs ?? 0)
      const expiresAtMs = nowMs + Math.ceil(ttlMs)
      const writer = toBase64url(random.bytes(12))
      const { refused, found } = await put(
        {
          id: { S: id },
          bytes: { B: value },
          revision: { N: `${expected + 1}` },
          writtenAtMs: { N: `${nowMs}` },
          expiresAtMs: { N: `${expiresAtMs}` },
          writer: { S: writer },
          deleteAfter: { N: `${Math.ceil(expiresAtMs / 1_000)}` },
        },
        conditionOf(expected, nowMs),
      )
      // The SDK sends a request again whose answer got lost: the first one wrote.
      if (!refused || found?.['writer']?.S === writer) {
        const stored = { value: value.slice(), version: expected + 1, writtenAtMs: nowMs, nowMs }
        return { ...stored, swapped: true }
      }
      return { ...standing(found, now()), swapped: false }
    },
    changed: watching(read, { clock, random }),
  }
}

type Condition = Pick<
  Parameters<DynamodbClient['putItem']>[0],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>

/** Rows are deleted up to days after their time: until then they count as absent. */
function conditionOf(expected: number, nowMs: number): Condition {
  const now = { ':now': { N: `${nowMs}` } }
  return expected === 0
    ? {
        ConditionExpression: 'attribute_not_exists(#id) OR #expires <= :now',
        ExpressionAttributeNames: { '#id': 'id', '#expires': 'expiresAtMs' },
        ExpressionAttributeValues: now,
      }
    : {
        ConditionExpression: '#revision = :expected AND #expires > :now',
        ExpressionAttributeNames: { '#revision': 'revision', '#expires': 'expiresAtMs' },
        ExpressionAttributeValues: { ...now, ':expected': { N: `${expected}` } },
      }
}

function standing(item: DynamodbFound | undefined, clockMs: number): StoredRow {
  const writtenAtMs = Number(item?.['writtenAtMs']?.N ?? 0)
  const nowMs = Math.max(clockMs, writtenAtMs)
  const value = item?.['bytes']?.B
  if (value === undefined || nowMs >= Number(item?.['expiresAtMs']?.N)) {
    return { version: 0, writtenAtMs: 0, nowMs }
  }
  const version = Number(item?.['revision']?.N)
  return { value: new Uint8Array(value), version, writtenAtMs, nowMs }
}
