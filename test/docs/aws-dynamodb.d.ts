/** Of `@aws-sdk/client-dynamodb`. */
import type { DynamodbClient } from '../../src/stores/dynamodb.ts'

export const DynamoDB: new (options: object) => DynamodbClient
