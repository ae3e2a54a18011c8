import type { DynamodbClient, DynamodbFound } from '../../../src/stores/dynamodb.ts'

type Found = DynamodbFound
type FoundAttribute = Found[string]

/** As much of the reserved words as somebody might name an attribute by. */
const RESERVED = new Set(['key', 'value', 'version', 'ttl', 'time', 'timestamp', 'bytes', 'state'])

const ITEM_MAX_BYTES = 400 * 1024

/**
 * DynamoDB's single items, as its API reference has them: a condition and its write are one step; a
 * read that does not ask for consistency answers with what stood there before; a name that is
 * reserved, or a value that no expression uses, is refused.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export function fakeDynamo(): DynamodbClient {
  const items = new Map<string, Found>()
  const replicas = new Map<string, Found>()
  return {
    async getItem({ Key, ConsistentRead }) {
      await arrival()
      const found = (ConsistentRead ? items : replicas).get(idOf(Key))
      return { Item: found && structuredClone(found) }
    },
    async putItem(input) {
      const { Item: item, ConditionExpression: condition } = structuredClone(input)
      await arrival()
      const id = idOf(item)
      const found = items.get(id)
      if (!holds(condition, found, checked(input))) {
        throw Object.assign(new Error('The conditional request failed'), {
          name: 'ConditionalCheckFailedException',
          ...(found && { Item: structuredClone(found) }),
        })
      }
      if (found) replicas.set(id, found)
      items.set(id, item)
      return {}
    },
  }
}

const idOf = (item: Found): string => item['id']!.S!

/** Requests of one client may overtake each other. */
async function arrival(): Promise<void> {
  await new Promise((arrived) => setImmediate(arrived))
}

type Names = Parameters<DynamodbClient['putItem']>[0]

function checked(input: Names): Names {
  const { ConditionExpression: text, ExpressionAttributeNames, ExpressionAttributeValues } = input
  const used = new Set(text.match(/[#:]?\w+/g))
  for (const name of [ExpressionAttributeNames, ExpressionAttributeValues].flatMap(Object.keys)) {
    if (!used.has(name)) throw invalid(`${name} is used in no expression`)
  }
  for (const word of used) {
    if (RESERVED.has(word.toLowerCase())) throw invalid(`${word} is a reserved word`)
  }
  const attributes: readonly FoundAttribute[] = Object.values(input.Item)
  const size = attributes.reduce((sum, { B, S = '' }) => sum + (B ?? S).length, 0)
  if (size > ITEM_MAX_BYTES) throw invalid('Item size has exceeded the maximum allowed size')
  return input
}

/** `AND` binds before `OR`; there are no parentheses here but those of functions. */
function holds(condition: string, item: Found | undefined, input: Names): boolean {
  return condition
    .split(' OR ')
    .some((all) => all.split(' AND ').every((each) => isTrue(each.trim(), item, input)))
}

const FUNCTION = /^(attribute_not_exists|attribute_exists)\((#\w+)\)$/
const COMPARISON = /^(#\w+) (=|<>|<|<=|>|>=) (:\w+)$/

function isTrue(text: string, item: Found | undefined, input: Names): boolean {
  const attributeOf = (name: string): FoundAttribute | undefined =>
    item?.[input.ExpressionAttributeNames[name]!]
  const [, name, argument] = FUNCTION.exec(text) ?? []
  if (argument !== undefined) {
    return (attributeOf(argument) === undefined) === (name === 'attribute_not_exists')
  }
  const [, left, operator, right] = COMPARISON.exec(text) ?? []
  if (operator === undefined) throw invalid(`Syntax error: ${text}`)
  // An attribute that is not there compares with nothing.
  const found = attributeOf(left!)?.N
  if (found === undefined) return false
  const values: Found = input.ExpressionAttributeValues
  const [a, b] = [Number(found), Number(values[right!]!.N)]
  return { '=': a === b, '<>': a !== b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b }[
    operator as '='
  ]
}

function invalid(message: string): Error {
  return Object.assign(new Error(message), { name: 'ValidationException' })
}
