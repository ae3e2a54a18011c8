import type { Drawing } from '../../../src/inspect/diagram/svg.ts'

/** Laid out by `npx tsx test/inspect/diagram/generate.ts`: a test fails when it is behind. */
export const ledgerDrawing: Drawing = {
  id: 'ledger',
  width: 580,
  height: 410,
  states: [
    { path: 'claim', kind: 'around', x: 14, y: 14, width: 552, height: 181 },
    { path: 'claim.absent', kind: 'simple', x: 64, y: 99, width: 100, height: 42 },
    { path: 'claim.open', kind: 'simple', x: 446, y: 116, width: 100, height: 42 },
    { path: 'claim.claimed', kind: 'simple', x: 255, y: 92, width: 100, height: 42 },
    { path: 'grant', kind: 'around', x: 18, y: 215, width: 544, height: 181 },
    { path: 'grant.absent', kind: 'simple', x: 68, y: 300, width: 100, height: 42 },
    { path: 'grant.live', kind: 'simple', x: 267, y: 293, width: 100, height: 42 },
    { path: 'grant.ended', kind: 'simple', x: 442, y: 300, width: 100, height: 42 },
  ],
  arrows: [
    { points: '164,113 255,113', label: { x: 184, y: 103, width: 51, height: 20 }, of: [0] },
    {
      points: '164,127 174,127 174,165 436,165 436,148 446,148',
      label: { x: 263, y: 154, width: 84, height: 20 },
      of: [1],
    },
    {
      points: '446,137 365,137 365,120 355,120',
      label: { x: 375, y: 127, width: 51, height: 20 },
      of: [2],
    },
    {
      points: '288,92 288,82 322,82 322,92',
      label: { x: 280, y: 60, width: 51, height: 20 },
      of: [3],
    },
    {
      points: '355,106 436,106 436,127 446,127',
      label: { x: 379, y: 96, width: 43, height: 20 },
      of: [4],
    },
    { points: '168,314 267,314', label: { x: 188, y: 304, width: 59, height: 20 }, of: [5] },
    {
      points: '168,328 178,328 178,366 432,366 432,328 442,328',
      label: { x: 300, y: 355, width: 35, height: 20 },
      of: [6],
    },
    {
      points: '301,293 301,283 334,283 334,293',
      label: { x: 288, y: 261, width: 59, height: 20 },
      of: [7],
    },
    { points: '367,314 442,314', label: { x: 387, y: 304, width: 35, height: 20 }, of: [8] },
    {
      points: '475,300 475,290 509,290 509,300',
      label: { x: 471, y: 268, width: 43, height: 20 },
      of: [9],
    },
  ],
  starts: ['44,120 64,120', '48,321 68,321'],
  transitions: [
    { from: 'claim.absent', target: 'claim.claimed', event: 'claim' },
    { from: 'claim.absent', target: 'claim.open', event: 'introduce' },
    { from: 'claim.open', target: 'claim.claimed', event: 'claim' },
    { from: 'claim.claimed', target: 'claim.claimed', event: 'claim' },
    { from: 'claim.claimed', target: 'claim.open', event: 'open' },
    { from: 'grant.absent', target: 'grant.live', event: 'settle' },
    { from: 'grant.absent', target: 'grant.ended', event: 'end' },
    { from: 'grant.live', target: 'grant.live', event: 'settle' },
    { from: 'grant.live', target: 'grant.ended', event: 'end' },
    { from: 'grant.ended', target: 'grant.ended', event: 'sign' },
  ],
  words: { states: {}, transitions: ['', '', '', '', '', '', '', '', '', ''] },
  settled: [],
}
