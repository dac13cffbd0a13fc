// The Python of a web app on Windows, written by `az webapp python export`. The app itself has to be there.
// web.config and packages are files. After the app's own files, with requirements.txt, are there:
//   az webapp python set-version -g RESOURCE_GROUP -n SITE_NAME --version 2.7.14 --arch x86

@description('Name of the web app. It has to be there: this creates no app.')
param siteName string

resource site 'Microsoft.Web/sites@2022-09-01' existing = {
  name: siteName
}

resource python1 'Microsoft.Web/sites/siteextensions@2022-09-01' = {
  parent: site
  name: 'azureappservice-python2714x86'
  #disable-next-line BCP037 BCP073
  properties: {
    version: '2.7.14.5'
  }
}
