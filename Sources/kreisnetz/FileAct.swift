// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import KreisLocal

/// An administrative act on the files of a state directory, which no replica's commands carry out. It
/// stands in the audit log before it is done, or, where it makes the replica, after it.
struct FileAct {
  private let name: String
  private let log: AuditLog
  /// Of its line; `nil`: there is no replica yet, or the log takes nothing.
  private let number: Int?
  private let isNew: Bool

  /// - Parameters:
  ///   - name: as people call the act.
  ///   - about: what it is about; no values of the directory.
  ///   - isRescue: whether it is done although it cannot be noted: it saves what there is.
  /// - Throws: `CommandError` if it cannot be noted.
  init(
    _ name: String, about: [JSONValue.Member] = [], in directory: String, isRescue: Bool = false
  ) throws(CommandError) {
    self.name = name
    log = AuditLog(in: directory)
    isNew = !FileManager.default.fileExists(atPath: directory + "/kreisnetz.sqlite")
    number =
      try isNew
      ? nil
      : log.begin(
        name, about: about, by: .own, for: ReplicaSession.account, isRescue: isRescue,
        at: SystemClock.now())
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
