// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import KreisCore
import KreisInterchange
import KreisStore

/// The commands that every replica has, a subject a file.
struct DirectoryCommands: Sendable {
  let store: Store
  let spool: String
  let now: @Sendable () -> UInt64
  let daemon: DaemonView?
  /// The program's version.
  let software: String
  /// Readers that stream a whole directory hold a connection of the store for as long as their
  /// peer takes to read; the daemon's own reads need some left.
  let streams = DispatchSemaphore(value: 2)
  let schema = Schema.directory
  let figures = FigureCache()
  let measurements = MeasurementCache()
  let lastBackup = LastBackup()
  let auditBook = AuditBook()
  let index = DirectoryIndex()
  let reviewed = ReviewBook()

  var handlers: [String: CommandHandler] {
    [
      "add": add, "edit": edit, "delete": delete, "undelete": undelete, "resolve": resolve,
      "show": show, "list": list, "history": history, "conflicts": conflicts,
      "import": importRows, "export": export, "log-export": exportLog, "log-fold": foldLog,
      "due": due, "confirm": confirm, "review": review, "merge": merge,
      "distinct": distinct, "duplicates": duplicates,
      "vocabulary-import": importVocabulary, "log-verify": verifyLog, "status": status,
      "sync": sync,
      "metrics": metrics, "audit": audit, "audit-verify": verifyAudit,
      "watch": watch, "erase": erase, "erasures": erasures, "restrict": restrict,
      "unrestrict": unrestrict, "release": release, "releases": releases, "policy": policy,
      "retention": retention,
      "subject-report": subjectReport, "processing-record": processingRecord,
      "request": request, "requests": requests, "accept": accept, "decline": decline,
      "transfer": transfer, "search": search, "related": related,
      "choices": choices, "digest": digest, "districts": districts, "overview": overview,
      "measure": measure,
    ]
  }

  // MARK: - Access to the store

  /// Runs `body` in one transaction, durable when this returns. A `CommandError` keeps its outcome.
  func write<T>(_ body: (Transaction) throws -> T) throws -> T {
    var failure: CommandError?
    do {
      let result = try store.blockingWrite { transaction in
        do { return try body(transaction) } catch let error as CommandError {
          failure = error
          throw error
        }
      }
      daemon?.wrote(nil)
      return result
    } catch {
      if case .retryLater(let trouble) = error { daemon?.wrote(trouble) }
      throw failure ?? CommandError(error)
    }
  }

  /// Runs `body` on a snapshot; for what is short.
  func read<T>(_ body: (Snapshot) throws -> T) throws -> T {
    var failure: CommandError?
    do {
      return try store.blockingRead { snapshot in
        do { return try body(snapshot) } catch let error as CommandError {
          failure = error
          throw error
        }
      }
    } catch { throw failure ?? CommandError(error) }
  }

  /// Runs `body` on a snapshot; for what sends rows as it reads.
  func stream<T>(_ body: (Snapshot) throws -> T) throws -> T {
    guard streams.wait(timeout: .now() + 10) == .success else {
      throw CommandError(.notNow, "Others are reading the whole directory. Try again later.")
    }
    defer { streams.signal() }
    return try read(body)
  }

  /// What was erased since a backup must not be shown again by whoever was restored from it (I7).
  func checkShown(_ snapshot: Snapshot) throws {
    guard try snapshot.isRestored() else { return }
    throw CommandError(
      .notNow,
      "This replica was restored from a backup. It shows nothing before its daemon has read the "
        + "hub's feed to its end, because values may have been erased since. Start it: kreisnetz town "
        + "run", .restored)
  }

  /// The part of a list that `offset` and `limit` name; `nil` without a limit: all of it.
  func part(_ call: LocalCall) throws -> ListPart? {
    guard let limit = try call.optionalInteger("limit") else { return nil }
    return ListPart(offset: try call.optionalInteger("offset") ?? 0, limit: limit)
  }

  func occasion(_ call: LocalCall) -> Occasion {
    Occasion(at: now(), role: call.request.role, reason: call.request.reason)
  }

  // MARK: - Names

  func kind(named name: String) throws(CommandError) -> RecordKind {
    do { return try schema.kind(named: name) } catch {
      throw CommandError(.wrongUse, error.description)
    }
  }

  func field(named name: String, of kind: RecordKind) throws(CommandError) -> Field {
    do { return try kind.field(named: name) } catch {
      throw CommandError(.wrongUse, error.description)
    }
  }

  /// The record that a command is about.
  ///
  /// - Throws: `CommandError` with outcome `no` if there is none.
  func record(_ text: String, _ lookup: Lookup) throws -> RecordID {
    let key = text.hasPrefix("key:") ? String(text.dropFirst(4)) : nil
    guard let id = try lookup.record(text) ?? key.flatMap(lookup.deletedRecord) else {
      throw CommandError(
        .no,
        "There is no record „\(text)“ here. Give an id, the beginning of one (at least four "
          + "digits), or key: and an external id.", .missing)
    }
    return id
  }

  /// The canonical text of a value, with references resolved.
  func value(_ raw: String, of field: Field, _ lookup: Lookup) throws -> String {
    guard case .reference(let names) = field.type else {
      do { return try field.validate(raw) } catch {
        throw CommandError(.wrongUse, error.description)
      }
    }
    let kinds = names.compactMap { try? schema.kind(named: $0) }
    let what = names.isEmpty ? "record" : names.joined(separator: " or ")
    // A full id may come before its record: replicas converge first, and what stays without one is
    // listed for review.
    let full = RecordID(text: raw)
    guard let id = try lookup.record(raw, kinds: kinds) ?? named(raw, kinds, lookup) ?? full else {
      throw CommandError(
        .wrongUse, "\(field.name): there is no \(what) „\(raw)“ here.", .unknownReference)
    }
    return id.description
  }

  /// The category or municipality that people call so.
  private func named(_ text: String, _ kinds: [RecordKind], _ lookup: Lookup) throws -> RecordID? {
    guard kinds.count == 1, !text.hasPrefix("key:") else { return nil }
    return try lookup.record(named: text, kind: kinds[0])
  }
}
