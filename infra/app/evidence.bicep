// The evidence account: no keys, no public blobs, every store made beforehand so that no identity needs to make one.
param location string
param tags object
param token string
param redundancy string
param immutabilityDays int
param immutabilityLocked bool
param keepForever bool
param subnetId string
param allowedIps array
param workspaceId string
param logReads bool

var tables = [
  'ledger'
  'claims'
  'evidence'
  'registers'
  'budget'
]
var containers = [
  'payloads'
  'tiles'
  'checkpoints'
  'mirror'
  'packs'
  'reports'
  'reporting'
]
var queues = [
  'deliveries'
  'deliveries-poison'
  'runs'
  'runs-poison'
  'actions'
  'actions-poison'
  'reviews'
  'reviews-poison'
  'audits'
  'audits-poison'
]

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35: without a subnet the apps have no address that could be allowed; with one it is Deny.
  // checkov:skip=CKV_AZURE_59: closed by networkAcls once a subnet is given; private endpoints would be needed to shut it.
  // checkov:skip=CKV_AZURE_206: redundancy is a parameter; ZRS by default, GZRS by choice.
  // checkov:skip=CKV_AZURE_43: false alarm; the name is stev and 13 letters or digits.
  name: 'stev${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: redundancy
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: empty(subnetId) ? 'Allow' : 'Deny'
      virtualNetworkRules: empty(subnetId) ? [] : [
        {
          id: subnetId
          action: 'Allow'
        }
      ]
      ipRules: [for ip in allowedIps: {
        value: ip
        action: 'Allow'
      }]
    }
  }
}

resource blobService 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    // Against slips, not against intent: evidence is write-once by role, and anchored by immutability.
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 30
    }
  }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource tableStores 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [for table in tables: {
  parent: tableService
  name: table
}]

resource containerStores 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [for container in containers: {
  parent: blobService
  name: container
  properties: {
    publicAccess: 'None'
  }
}]

resource queueStores 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for queue in queues: {
  parent: queueService
  name: queue
}]

resource checkpoints 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobService
  name: 'checkpoints'
}

// Created unlocked; locking cannot be declared and cannot be undone, so a person does it (docs/operator.md).
resource immutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = if (!immutabilityLocked) {
  parent: checkpoints
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: immutabilityDays
    allowProtectedAppendWrites: false
  }
  dependsOn: [
    containerStores
  ]
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (keepForever) {
  name: 'keep-evidence'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Evidence outlives the deployment.'
  }
}

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'evidence'
  scope: blobService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: logReads
      }
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'evidence'
  scope: tableService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageRead'
        enabled: logReads
      }
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'evidence'
  scope: queueService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

output name string = account.name
