// The roles Azure does not have, each narrower than the built-in one that would do.
param environmentName string

var identities = loadJsonContent('../identities.json')

resource roles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for role in items(identities.custom_roles): {
  name: guid(resourceGroup().id, role.key)
  properties: {
    // Role names are unique in a tenant.
    roleName: 'Halo Attest ${role.key} (${environmentName})'
    description: role.value.why
    type: 'CustomRole'
    permissions: [
      {
        actions: role.value.actions
        notActions: []
        dataActions: role.value.dataActions
        notDataActions: []
      }
    ]
    assignableScopes: [
      resourceGroup().id
    ]
  }
}]
