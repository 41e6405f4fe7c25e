// The signing key and the five secrets; who may use which is said by role on the single key or secret.
param location string
param tags object
param token string
param subnetId string
param allowedIps array
param workspaceId string

@secure()
param haloClientSecret string

@secure()
param haloDeskClientSecret string

@secure()
param ledgerSalt string

@secure()
param webhookSources string

@secure()
param teamsChannels string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109: without a subnet the apps have no address that could be allowed; with one it is Deny.
  // checkov:skip=CKV_AZURE_189: as above; Key Vault references come over the public endpoint.
  name: 'kv-${token}'
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: empty(subnetId) ? 'Allow' : 'Deny'
      virtualNetworkRules: empty(subnetId) ? [] : [
        {
          id: subnetId
        }
      ]
      ipRules: [for ip in allowedIps: {
        value: ip
      }]
    }
  }
}

resource signingKey 'Microsoft.KeyVault/vaults/keys@2023-07-01' = {
  // checkov:skip=CKV_AZURE_112: a software key; an HSM key needs the premium tier, change kty to EC-HSM there.
  // checkov:skip=CKV_AZURE_40: trust in a key is bounded by log size, not by time; an expired key would stop sealing.
  parent: vault
  name: 'attest-signing'
  properties: {
    kty: 'EC'
    curveName: 'P-256'
    keyOps: [
      'sign'
      'verify'
    ]
  }
}

resource haloSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(haloClientSecret)) {
  // checkov:skip=CKV_AZURE_41: HaloPSA's secrets do not expire; rotation is a person's yearly task.
  // checkov:skip=CKV_AZURE_114: false alarm; contentType is set below.
  parent: vault
  name: 'halo-client-secret'
  properties: {
    value: haloClientSecret
    contentType: 'text/plain'
  }
}

resource haloDeskSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(haloDeskClientSecret)) {
  // checkov:skip=CKV_AZURE_41: HaloPSA's secrets do not expire; rotation is a person's yearly task.
  // checkov:skip=CKV_AZURE_114: false alarm; contentType is set below.
  parent: vault
  name: 'halo-desk-client-secret'
  properties: {
    value: haloDeskClientSecret
    contentType: 'text/plain'
  }
}

resource saltSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(ledgerSalt)) {
  // checkov:skip=CKV_AZURE_41: never changed, or every log would get another name.
  // checkov:skip=CKV_AZURE_114: false alarm; contentType is set below.
  parent: vault
  name: 'attest-ledger-salt'
  properties: {
    value: ledgerSalt
    contentType: 'text/plain'
  }
}

resource sourcesSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(webhookSources)) {
  // checkov:skip=CKV_AZURE_41: HaloPSA's side does not expire; rotation is a person's yearly task.
  // checkov:skip=CKV_AZURE_114: false alarm; contentType is set below.
  parent: vault
  name: 'attest-webhook-sources'
  properties: {
    value: webhookSources
    contentType: 'application/json'
  }
}

resource channelsSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(teamsChannels)) {
  // checkov:skip=CKV_AZURE_41: a flow's address is valid until the flow is made anew.
  // checkov:skip=CKV_AZURE_114: false alarm; contentType is set below.
  parent: vault
  name: 'teams-channels'
  properties: {
    value: teamsChannels
    contentType: 'application/json'
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'evidence'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output name string = vault.name
output signingKeyUrl string = signingKey.properties.keyUri
