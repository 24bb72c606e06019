import Attribution

extension RollupBoard {
  /// The view that a report reads: the one asked for, or else the one with the fewest dimensions, the
  /// longest period that fits the days, and conversions in the windows of their own time.
  func view(for request: ReportRequest) throws -> View {
    let known = views.map(\.name)
    let wanted = request.neededDimensions
    if let name = request.view {
      guard let view = views.first(where: { $0.name == name }) else {
        throw ReportingError.unknownView(name, known: known)
      }
      guard wanted.allSatisfy(view.dimensions.contains) else {
        throw ReportingError.noView(wanted, known: known)
      }
      return view
    }
    let edges = [request.days, request.previousDays].compactMap { $0 }
      .map(request.calendar.range(of:)).flatMap { [$0.lowerBound, $0.upperBound] }
    func rank(_ view: View) -> (Int, Int, Int, Int64) {
      let isFitting = edges.allSatisfy { view.windowStart(of: $0) == $0 }
      return (
        view.bucketConversionsBy == .conversion ? 0 : 1, isFitting ? 0 : 1, view.dimensions.count,
        -view.periodMilliseconds
      )
    }
    let able = views.filter { wanted.allSatisfy($0.dimensions.contains) }
    guard let best = able.min(by: { rank($0) < rank($1) }) else {
      throw ReportingError.noView(wanted, known: known)
    }
    return best
  }
}
