// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisLocal
import KreisStore

/// An administrative act on the files of a state directory, which no replica's commands carry out. It
/// stands in the audit log before it is done, or, where it makes the replica, after it.
struct FileAct {
  private let name: String
  private let log: AuditLog
  /// Of its line; `nil`: there is no replica yet, or the log takes nothing.
  private let number: Int?
  private let isRescue: Bool
  private let isNew: Bool

  /// - Parameters:
  ///   - name: as people call the act.
  ///   - isRescue: whether it is done although it cannot be noted: it saves what there is.
  /// - Throws: `CommandError` if it cannot be noted.
  init(_ name: String, in directory: String, isRescue: Bool = false) throws {
    self.name = name
    self.isRescue = isRescue
    log = AuditLog(in: directory)
    isNew = !FileManager.default.fileExists(atPath: directory + "/kreisnetz.sqlite")
    guard !isNew else {
      number = nil
      return
    }
    do {
      number = try log.begin(
        name, by: .own, for: ReplicaSession.account, at: SystemClock.now())
    } catch {
      guard isRescue else { throw Self.notNoted(error) }
      number = nil
    }
  }

  private static func notNoted(_ error: StateDirectoryError) -> CommandError {
    CommandError(.notNow, "It cannot be noted in the audit log, so it was not done: \(error)")
  }

  func run<T>(_ body: () throws -> T) throws -> T {
    let result = Result { try body() }
    end(result)
    return try result.get()
  }

  func runAsync<T>(_ body: () async throws -> T) async throws -> T {
    let result: Result<T, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    end(result)
    return try result.get()
  }

  /// What is done is done, also if its end cannot be noted.
  private func end<T>(_ result: Result<T, any Error>) {
    let outcome: Outcome
    switch result {
    case .success: outcome = .done
    case .failure(let error): outcome = (CommandError(known: error) ?? CommandError(error)).outcome
    }
    if let number {
      try? log.end(number, outcome, at: SystemClock.now())
    } else if isNew, outcome == .done {
      try? log.note(name, .done, by: .own, for: ReplicaSession.account, at: SystemClock.now())
    }
  }
}
