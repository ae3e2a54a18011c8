/**
 * Inspectors for the `inspect` option of a refresher: a page on this machine, or a recording.
 *
 * @module
 */
export { pageInspector } from './page-inspector.ts'
export type { PageInspectorOptions } from './page-inspector.ts'
export { recorder } from './recorder.ts'
export type { RecorderOptions } from './recorder.ts'
export type {
  ActorName,
  CallBeganLine,
  CallEndedLine,
  DroppedLine,
  EndedLine,
  EventLine,
  JoinedLine,
  Line,
  RecordedLine,
  RunLine,
  Stamp,
  LinePosition,
  StepLine,
} from './recording.ts'
export type { LineInspector } from '../runtime/inspect/line.ts'
