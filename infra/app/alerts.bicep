// What wakes somebody: poison, silence, a head that does not verify, runs that fail, evidence that is removed.
param location string
param tags object
param workspaceId string
param insightsId string
param actionGroupId string
param deskUrl string
param intakeUrl string

var rules = [
  {
    name: 'poison'
    about: 'A message failed five times and was buried as evidence.'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    query: '''
AppRequests
| where Name startswith "bury_"
'''
  }
  {
    name: 'stale'
    about: 'Sealing, reading, daily checks, reviews or the audit have not run when they should have.'
    severity: 1
    every: 'PT15M'
    window: 'P2D'
    query: '''
datatable(Name: string, Minutes: int) [
  "every_seal", 15,
  "every_sync", 60,
  "every_day", 1560,
  "every_access_reading", 1560,
  "execute_audit", 180
]
| join kind=leftouter (AppRequests | where Success | summarize Last = max(TimeGenerated) by Name) on Name
| where isnull(Last) or Last < now() - Minutes * 1m
'''
  }
  {
    name: 'head-mismatch'
    about: 'The ledger head does not verify, or the audit found a difference from the anchor.'
    severity: 0
    every: 'PT5M'
    window: 'PT15M'
    query: '''
union
  (AppRequests | where Name == "health" and ResultCode == "503"),
  (AppTraces | where Message startswith "audit.mismatch")
'''
  }
  {
    name: 'failed-runs'
    about: 'A job, timer or queue function failed.'
    severity: 2
    every: 'PT15M'
    window: 'PT30M'
    query: '''
union
  (AppRequests | where Success == false and (Name startswith "execute_" or Name startswith "every_" or Name in ("assess_delivery", "carry_out_action"))),
  (AppTraces | where Message startswith "run.failed")
'''
  }
  {
    name: 'unreachable'
    about: 'The desk or the intake does not answer healthy.'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    query: '''
AppAvailabilityResults
| where Success == false
| summarize Failures = count() by Name
| where Failures >= 3
'''
  }
  {
    name: 'evidence-removed'
    about: 'Somebody deleted from a store that is only ever added to.'
    severity: 0
    every: 'PT5M'
    window: 'PT15M'
    query: '''
StorageBlobLogs
| where OperationName startswith "Delete"
| where Uri has "/payloads" or Uri has "/tiles" or Uri has "/checkpoints"
'''
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [for rule in rules: {
  name: 'attest-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Halo Attest: ${rule.name}'
    description: rule.about
    enabled: true
    severity: rule.severity
    evaluationFrequency: rule.every
    windowSize: rule.window
    scopes: [
      workspaceId
    ]
    // The tables come into being with the first row.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [
        actionGroupId
      ]
    }
  }
}]

var watched = [
  {
    name: 'desk'
    url: deskUrl
  }
  {
    name: 'intake'
    url: intakeUrl
  }
]

resource tests 'Microsoft.Insights/webtests@2022-06-15' = [for one in watched: {
  name: 'attest-health-${one.name}'
  location: location
  tags: union(tags, {
    'hidden-link:${insightsId}': 'Resource'
  })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'attest-health-${one.name}'
    Name: 'attest-health-${one.name}'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 60
    RetryEnabled: true
    Locations: [
      {
        Id: 'emea-nl-ams-azr'
      }
      {
        Id: 'us-va-ash-azr'
      }
      {
        Id: 'apac-sg-sin-azr'
      }
    ]
    Request: {
      RequestUrl: '${one.url}/api/health'
      HttpVerb: 'GET'
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 14
    }
  }
}]
