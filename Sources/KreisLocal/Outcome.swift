// SPDX-License-Identifier: EUPL-1.2

package import KreisStore

/// How a command ended: the exit codes that scripts rely on.
package enum Outcome: Int32, Sendable {
  case done = 0
  /// The answer is no: not found, different.
  case no = 1
  /// Wrong use or input.
  case wrongUse = 2
  /// Could not be done now: the hub cannot be reached, the disk is full.
  case notNow = 3
}

/// Why a command did not do what was asked, as a sentence for the person who reads it.
package struct CommandError: Error, Hashable, CustomStringConvertible, Sendable {
  package let outcome: Outcome
  package let text: String
  /// What was wrong, where it is told apart; not part of what goes over the socket.
  package let rejection: Rejection?

  package init(_ outcome: Outcome, _ text: String, _ rejection: Rejection? = nil) {
    self.outcome = outcome
    self.text = text
    self.rejection = rejection
  }

  /// Sorts the errors of the parts below.
  package init(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case StoreError.rejected(let text, let rejection):
      self.init(.wrongUse, text, rejection)
    case StoreError.retryLater(let text), StoreError.stateUnknown(let text):
      self.init(.notNow, text)
    case StoreError.damaged(let damage): self.init(.notNow, damage.description)
    case let error as StateDirectoryError:
      self.init(error.isPassing ? .notNow : .wrongUse, error.description)
    default: self.init(.wrongUse, "\(error)")
    }
  }

  package var description: String { text }
}
