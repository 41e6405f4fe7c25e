// The one role Azure does not have: add and read, never change or remove.
param environmentName string

var custom = loadJsonContent('../identities.json').custom_roles

resource append 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'evidence-append')
  properties: {
    // Role names are unique in a tenant.
    roleName: 'Halo Attest evidence-append (${environmentName})'
    description: custom['evidence-append'].why
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: custom['evidence-append'].dataActions
        notDataActions: []
      }
    ]
    assignableScopes: [
      resourceGroup().id
    ]
  }
}

output appendRoleId string = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', append.name)
