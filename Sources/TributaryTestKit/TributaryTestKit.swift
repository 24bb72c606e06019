// TributaryTestKit
