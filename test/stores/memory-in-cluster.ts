// A primary of node:cluster with one worker, which makes a memory store.
import cluster from 'node:cluster'
import { memoryStore } from '../../src/stores/memory.ts'

if (cluster.isPrimary) {
  cluster.fork()
} else {
  memoryStore({ onWarning: (warning) => process.stdout.write(warning) })
  cluster.worker!.disconnect()
}
