package mapping

// operatorSentences is what the program says at a terminal: under "setting." what is
// wrong with a setting, whose name stands before it, under "check." what `gateway
// check` finds, under "demo." what the demo begins with.
var operatorSentences = map[string][languages]string{
	"command.unknown": {
		English: `Unknown command %q; see gateway --help.`,
		Spanish: `Comando desconocido %q; vea gateway --help.`,
		German:  `Unbekannter Befehl %q; siehe gateway --help.`,
	},
	"setting.faults": {
		English: `Correct these settings:`,
		Spanish: `Corrija estos ajustes:`,
		German:  `Berichtigen Sie diese Einstellungen:`,
	},
	"setting.file": {
		English: "is not made of lines like NAME=value",
		Spanish: "no consta de líneas como NOMBRE=valor",
		German:  "besteht nicht aus Zeilen wie NAME=Wert",
	},
	"setting.unusable": {
		English: "cannot be used: %s",
		Spanish: "no se puede usar: %s",
		German:  "lässt sich nicht benutzen: %s",
	},
	"setting.duration": {
		English: `%q is not a time like 30s or 5m`,
		Spanish: `%q no es una duración como 30s o 5m`,
		German:  `%q ist keine Dauer wie 30s oder 5m`,
	},
	"setting.switchable": {
		English: `%q is neither a time like 30m nor off`,
		Spanish: `%q no es una duración como 30m ni off`,
		German:  `%q ist weder eine Dauer wie 30m noch off`,
	},
	"setting.integer": {
		English: `%q is not a whole number`,
		Spanish: `%q no es un número entero`,
		German:  `%q ist keine ganze Zahl`,
	},
	"setting.size": {
		English: `%q is not a size like 64 MiB`,
		Spanish: `%q no es un tamaño como 64 MiB`,
		German:  `%q ist keine Größe wie 64 MiB`,
	},
	"setting.rate": {
		English: `%q is neither off nor like 50/s:100 (units s, m and h, both numbers at least 1)`,
		Spanish: `%q no es off ni algo como 50/s:100 (unidades s, m y h, ambos números desde 1)`,
		German:  `%q ist weder off noch wie 50/s:100 (Einheiten s, m und h, beide Zahlen mindestens 1)`,
	},
	"setting.networks": {
		English: `in %q something is neither an address nor a network like 10.0.0.0/8`,
		Spanish: `en %q hay algo que no es una dirección ni una red como 10.0.0.0/8`,
		German:  `%q enthält etwas, das weder eine Adresse noch ein Netz wie 10.0.0.0/8 ist`,
	},
	"setting.level": {
		English: `%q is none of debug, info, warn and error`,
		Spanish: `%q no es ninguno de debug, info, warn y error`,
		German:  `%q ist keines von debug, info, warn und error`,
	},
	"setting.secret": {
		English: `what follows whsec_ must be base64`,
		Spanish: `lo que sigue a whsec_ debe ser base64`,
		German:  `was auf whsec_ folgt, muss Base64 sein`,
	},
	"setting.negative": {
		English: `must not be negative`,
		Spanish: `no debe ser negativo`,
		German:  `darf nicht negativ sein`,
	},
	"setting.positive": {
		English: `must be more than 0`,
		Spanish: `debe ser mayor que 0`,
		German:  `muss größer als 0 sein`,
	},
	"setting.least": {
		English: `must be at least %s`,
		Spanish: `debe ser al menos %s`,
		German:  `muss mindestens %s sein`,
	},
	"setting.publishable": {
		English: `must begin with pk_`,
		Spanish: `debe empezar por pk_`,
		German:  `muss mit pk_ beginnen`,
	},
	"setting.format": {
		English: `%q is neither json nor text`,
		Spanish: `%q no es json ni text`,
		German:  `%q ist weder json noch text`,
	},
	"setting.url": {
		English: `must be an absolute http or https URL`,
		Spanish: `debe ser una URL absoluta, http o https`,
		German:  `muss eine absolute URL mit http oder https sein`,
	},
	"setting.origin": {
		English: `%q is not an origin like https://app.example.com`,
		Spanish: `%q no es un origen como https://app.example.com`,
		German:  `%q ist kein Origin wie https://app.example.com`,
	},
	"setting.missing": {
		English: `is needed`,
		Spanish: `es necesario`,
		German:  `wird gebraucht`,
	},
	"setting.exclusive": {
		English: `not together with %s`,
		Spanish: `no junto con %s`,
		German:  `nicht zusammen mit %s`,
	},
	"setting.both": {
		English: `both are needed`,
		Spanish: `ambos son necesarios`,
		German:  `beide werden gebraucht`,
	},
	"setting.user": {
		English: `are needed (or %s)`,
		Spanish: `son necesarios (o %s)`,
		German:  `werden gebraucht (oder %s)`,
	},
	"check.failed": {
		English: `What is marked FAIL has to be put right.`,
		Spanish: `Lo marcado con FAIL hay que corregirlo.`,
		German:  `Was mit FAIL bezeichnet ist, muss in Ordnung gebracht werden.`,
	},
	"check.configuration": {
		English: "All settings can be read.",
		Spanish: "Todos los ajustes se pueden leer.",
		German:  "Alle Einstellungen lassen sich lesen.",
	},
	"check.medusa": {
		English: "Medusa answers at %s, within %s.",
		Spanish: "Medusa responde en %s y tarda %s.",
		German:  "Medusa antwortet unter %s, nach %s.",
	},
	"check.medusa.slow": {
		English: "Medusa at %s takes %s to answer, which every change and every answer that is not held waits for at least once. Run the gateway closer to Medusa.",
		Spanish: "Medusa en %s tarda %s en responder, y cada cambio y cada respuesta que no está en memoria lo espera al menos una vez. Ejecute el gateway más cerca de Medusa.",
		German:  "Medusa unter %s braucht %s für eine Antwort, worauf jede Änderung und jede nicht vorgehaltene Antwort mindestens einmal wartet. Betreiben Sie das Gateway näher bei Medusa.",
	},
	"check.medusa.refused": {
		English: "Nothing listens at %s. Start Medusa, or correct MEDUSA_URL.",
		Spanish: "Nadie escucha en %s. Inicie Medusa o corrija MEDUSA_URL.",
		German:  "Unter %s nimmt niemand Verbindungen an. Starten Sie Medusa, oder berichtigen Sie MEDUSA_URL.",
	},
	"check.medusa.host": {
		English: "The host of %s is not known by that name. Correct MEDUSA_URL, or the DNS of this machine.",
		Spanish: "El host de %s no se conoce por ese nombre. Corrija MEDUSA_URL o el DNS de esta máquina.",
		German:  "Der Rechner in %s ist unter diesem Namen nicht bekannt. Berichtigen Sie MEDUSA_URL oder das DNS dieser Maschine.",
	},
	"check.medusa.tls": {
		English: "No secure connection (TLS) with %s: %s. Correct its certificate, or http and https in MEDUSA_URL.",
		Spanish: "No hay conexión segura (TLS) con %s: %s. Corrija su certificado, o http y https en MEDUSA_URL.",
		German:  "Keine sichere Verbindung (TLS) mit %s: %s. Berichtigen Sie das Zertifikat dort oder http und https in MEDUSA_URL.",
	},
	"check.medusa.timeout": {
		English: "%s does not answer in time (MEDUSA_TIMEOUT). Look whether Medusa hangs or a firewall is in between.",
		Spanish: "%s no responde a tiempo (MEDUSA_TIMEOUT). Vea si Medusa está colgado o si hay un cortafuegos en medio.",
		German:  "%s antwortet nicht rechtzeitig (MEDUSA_TIMEOUT). Sehen Sie nach, ob Medusa hängt oder eine Firewall dazwischen ist.",
	},
	"check.medusa.before": {
		English: "Something in front of Medusa answers at %s, but not Medusa: %s. Look whether Medusa runs.",
		Spanish: "Algo delante de Medusa responde en %s, pero no Medusa: %s. Vea si Medusa está en marcha.",
		German:  "Unter %s antwortet etwas vor Medusa, nicht Medusa selbst: %s. Sehen Sie nach, ob Medusa läuft.",
	},
	"check.medusa.other": {
		English: "Something answers at %s, but it is no Medusa 2. Correct MEDUSA_URL.",
		Spanish: "Algo responde en %s, pero no es un Medusa 2. Corrija MEDUSA_URL.",
		German:  "Unter %s antwortet etwas, aber es ist kein Medusa 2. Berichtigen Sie MEDUSA_URL.",
	},
	"check.medusa.broken": {
		English: "Medusa at %s does not answer as it should: %s. Its own log says more.",
		Spanish: "Medusa en %s no responde como debería: %s. Su propio registro dice más.",
		German:  "Medusa unter %s antwortet nicht, wie es sollte: %s. Mehr sagt sein eigenes Protokoll.",
	},
	"check.clock": {
		English: "The clocks of Medusa and of this machine agree.",
		Spanish: "Los relojes de Medusa y de esta máquina coinciden.",
		German:  "Die Uhren von Medusa und dieser Maschine stimmen überein.",
	},
	"check.clock.ahead": {
		English: "Medusa's clock is %s or more ahead of this machine's. Keep both in step (NTP): by the clock the gateway renews its token, and decides that a lost write can no longer land.",
		Spanish: "El reloj de Medusa está %s o más adelantado respecto al de esta máquina. Sincronice ambos (NTP): por el reloj el gateway renueva su token y decide que una escritura perdida ya no puede llegar.",
		German:  "Medusas Uhr geht der Uhr dieser Maschine um %s oder mehr vor. Halten Sie beide gleich (NTP): nach der Uhr erneuert das Gateway sein Token und entscheidet, dass eine verlorene Änderung nicht mehr ankommen kann.",
	},
	"check.clock.behind": {
		English: "Medusa's clock is %s or more behind this machine's. Keep both in step (NTP): by the clock the gateway renews its token, and decides that a lost write can no longer land.",
		Spanish: "El reloj de Medusa está %s o más atrasado respecto al de esta máquina. Sincronice ambos (NTP): por el reloj el gateway renueva su token y decide que una escritura perdida ya no puede llegar.",
		German:  "Medusas Uhr geht der Uhr dieser Maschine um %s oder mehr nach. Halten Sie beide gleich (NTP): nach der Uhr erneuert das Gateway sein Token und entscheidet, dass eine verlorene Änderung nicht mehr ankommen kann.",
	},
	"check.clock.untold": {
		English: "What answers does not tell the time, so the clocks cannot be compared.",
		Spanish: "Lo que responde no dice la hora, así que los relojes no se pueden comparar.",
		German:  "Was antwortet, nennt die Zeit nicht, die Uhren lassen sich also nicht vergleichen.",
	},
	"check.user": {
		English: "Medusa takes the gateway's user %s.",
		Spanish: "Medusa acepta al usuario del gateway, %s.",
		German:  "Medusa nimmt den Benutzer des Gateways an, %s.",
	},
	"check.user.password": {
		English: "Medusa refuses %s with this password. Correct MEDUSA_EMAIL and MEDUSA_PASSWORD, or make the user (npx medusa user -e … -p …).",
		Spanish: "Medusa rechaza a %s con esta contraseña. Corrija MEDUSA_EMAIL y MEDUSA_PASSWORD, o cree el usuario (npx medusa user -e … -p …).",
		German:  "Medusa lehnt %s mit diesem Passwort ab. Berichtigen Sie MEDUSA_EMAIL und MEDUSA_PASSWORD, oder legen Sie den Benutzer an (npx medusa user -e … -p …).",
	},
	"check.user.mfa": {
		English: "Medusa wants a second factor (MFA) of %s, which a program does not have. Turn it off for this user, or take one without.",
		Spanish: "Medusa exige a %s un segundo factor (MFA), que un programa no tiene. Desactívelo para este usuario o use otro sin él.",
		German:  "Medusa verlangt von %s einen zweiten Faktor (MFA), den ein Programm nicht hat. Schalten Sie ihn für diesen Benutzer ab, oder nehmen Sie einen ohne.",
	},
	"check.user.refused": {
		English: "Medusa signs %s in, but then refuses the token: %s. Look whether the e-mail must still be confirmed, or a proxy in between drops Authorization.",
		Spanish: "Medusa deja entrar a %s, pero luego rechaza el token: %s. Vea si falta confirmar el correo o si un proxy en medio quita Authorization.",
		German:  "Medusa meldet %s an, lehnt dann aber das Token ab: %s. Sehen Sie nach, ob die E-Mail noch bestätigt werden muss oder ein Proxy dazwischen Authorization wegnimmt.",
	},
	"check.secret": {
		English: "Medusa takes the secret API key. It costs Medusa some 40 ms of computing with every call, and is refused once Medusa has roles: better a user (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
		Spanish: "Medusa acepta la clave secreta. Le cuesta a Medusa unos 40 ms de cálculo en cada llamada y se rechaza en cuanto Medusa tenga roles: mejor un usuario (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
		German:  "Medusa nimmt den geheimen API-Schlüssel an. Er kostet Medusa bei jedem Aufruf etwa 40 ms Rechenzeit und wird abgelehnt, sobald Medusa Rollen hat: besser ein Benutzer (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
	},
	"check.secret.refused": {
		English: "Medusa refuses the secret API key: %s. It may be revoked: make another, or take a user (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
		Spanish: "Medusa rechaza la clave secreta: %s. Puede estar revocada: cree otra o use un usuario (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
		German:  "Medusa lehnt den geheimen API-Schlüssel ab: %s. Vielleicht ist er widerrufen: machen Sie einen neuen, oder nehmen Sie einen Benutzer (MEDUSA_EMAIL, MEDUSA_PASSWORD).",
	},
	"check.secret.roles": {
		English: "Medusa has roles, and refuses every secret API key. Take a user (MEDUSA_EMAIL, MEDUSA_PASSWORD) with a role.",
		Spanish: "Medusa tiene roles y rechaza toda clave secreta. Use un usuario (MEDUSA_EMAIL, MEDUSA_PASSWORD) con un rol.",
		German:  "Medusa hat Rollen und lehnt jeden geheimen API-Schlüssel ab. Nehmen Sie einen Benutzer (MEDUSA_EMAIL, MEDUSA_PASSWORD) mit einer Rolle.",
	},
	"check.rights": {
		English: "It may do everything that the gateway needs.",
		Spanish: "Puede hacer todo lo que el gateway necesita.",
		German:  "Er darf alles, was das Gateway braucht.",
	},
	"check.rights.none": {
		English: "Medusa has roles, and %s has none that allows anything: give it one with %s.",
		Spanish: "Medusa tiene roles y %s no tiene ninguno que permita algo: dele uno con %s.",
		German:  "Medusa hat Rollen, und %s hat keine, die etwas erlaubt: geben Sie ihm eine mit %s.",
	},
	"check.right.stores": {
		English: "Medusa does not let it read the store (%s): prices have no default currency, and /readyz stays 503.",
		Spanish: "Medusa no le deja leer la tienda (%s): los precios no tienen moneda predeterminada y /readyz queda en 503.",
		German:  "Medusa lässt ihn den Shop nicht lesen (%s): Preise haben keine Standardwährung, und /readyz bleibt 503.",
	},
	"check.right.items": {
		English: "Medusa does not let it read inventory items (%s): shoppers get no availability, nobody follows live changes, and stock cannot be changed.",
		Spanish: "Medusa no le deja leer artículos de inventario (%s): los compradores no ven disponibilidad, nadie sigue cambios en vivo y el stock no se puede cambiar.",
		German:  "Medusa lässt ihn Bestandsartikel nicht lesen (%s): Käufer erfahren keine Verfügbarkeit, niemand kann Änderungen verfolgen, und Bestand lässt sich nicht ändern.",
	},
	"check.right.levels": {
		English: "Medusa does not let it write stock (%s): no change of stock and no sale can be made. Of Medusa's own roles only Super Admin has it. Give it that one, or define the policy in your Medusa project (definePolicies): one that is made in Medusa's admin is gone after the next start.",
		Spanish: "Medusa no le deja escribir el stock (%s): no se puede hacer ningún cambio de stock ni ninguna venta. De los roles propios de Medusa solo Super Admin lo tiene. Dele ese, o defina la política en su proyecto de Medusa (definePolicies): una creada en el admin de Medusa desaparece en el siguiente arranque.",
		German:  "Medusa lässt ihn Bestand nicht ändern (%s): keine Änderung des Bestands und kein Verkauf ist möglich. Von Medusas eigenen Rollen hat es nur Super Admin. Geben Sie ihm die, oder definieren Sie die Policy in Ihrem Medusa-Projekt (definePolicies): eine, die in Medusas Admin angelegt wird, ist nach dem nächsten Start weg.",
	},
	"check.right.variants": {
		English: "Medusa does not let it read variants (%s): shoppers cannot ask by variant, and carts hold no stock.",
		Spanish: "Medusa no le deja leer variantes (%s): los compradores no pueden preguntar por variante y los carritos no retienen stock.",
		German:  "Medusa lässt ihn Varianten nicht lesen (%s): Käufer können nicht nach Varianten fragen, und Warenkörbe halten keinen Bestand.",
	},
	"check.right.keys": {
		English: "Medusa does not let it read API keys (%s): no shopper is answered, since no publishable key is known.",
		Spanish: "Medusa no le deja leer claves de API (%s): ningún comprador recibe respuesta, porque no se conoce ninguna clave publicable.",
		German:  "Medusa lässt ihn API-Schlüssel nicht lesen (%s): kein Käufer bekommt eine Antwort, da kein öffentlicher Schlüssel bekannt ist.",
	},
	"check.right.locations": {
		English: "Medusa does not let it read stock locations (%s): nobody is told where stock is, and set-ups that fail cannot be undone.",
		Spanish: "Medusa no le deja leer ubicaciones de stock (%s): a nadie se le dice dónde hay stock, y las configuraciones fallidas no se pueden deshacer.",
		German:  "Medusa lässt ihn Lagerorte nicht lesen (%s): niemand erfährt, wo Bestand ist, und gescheiterte Einrichtungen lassen sich nicht zurücknehmen.",
	},
	"check.right.reservations": {
		English: "Medusa does not let it read reservations (%s): holds cannot be looked after.",
		Spanish: "Medusa no le deja leer reservas (%s): no se pueden atender las retenciones.",
		German:  "Medusa lässt ihn Reservierungen nicht lesen (%s): um gehaltenen Bestand kann sich niemand kümmern.",
	},
	"check.right.reserve": {
		English: "Medusa does not let it make reservations (%s): carts hold no stock.",
		Spanish: "Medusa no le deja crear reservas (%s): los carritos no retienen stock.",
		German:  "Medusa lässt ihn keine Reservierungen anlegen (%s): Warenkörbe halten keinen Bestand.",
	},
	"check.right.rereserve": {
		English: "Medusa does not let it change reservations (%s): what a cart holds does not follow its lines.",
		Spanish: "Medusa no le deja cambiar reservas (%s): lo que retiene un carrito no sigue a sus líneas.",
		German:  "Medusa lässt ihn Reservierungen nicht ändern (%s): was ein Warenkorb hält, folgt seinen Zeilen nicht.",
	},
	"check.right.release": {
		English: "Medusa does not let it delete reservations (%s): what was held stays reserved when its time is over.",
		Spanish: "Medusa no le deja eliminar reservas (%s): lo retenido sigue reservado cuando su tiempo termina.",
		German:  "Medusa lässt ihn Reservierungen nicht löschen (%s): Gehaltenes bleibt reserviert, wenn seine Zeit vorbei ist.",
	},
	"check.right.relink": {
		English: "Medusa does not let it change stock locations (%s): the sales channel of a set-up that failed stays linked, and its checkouts can fail.",
		Spanish: "Medusa no le deja cambiar ubicaciones de stock (%s): el canal de ventas de una configuración fallida sigue enlazado, y sus compras pueden fallar.",
		German:  "Medusa lässt ihn Lagerorte nicht ändern (%s): der Vertriebskanal einer gescheiterten Einrichtung bleibt verknüpft, und Käufe darüber können scheitern.",
	},
	"check.right.undo": {
		English: "Medusa does not let it delete stock locations (%s): a set-up that failed cannot be undone.",
		Spanish: "Medusa no le deja eliminar ubicaciones de stock (%s): una configuración fallida no se puede deshacer.",
		German:  "Medusa lässt ihn Lagerorte nicht löschen (%s): eine gescheiterte Einrichtung lässt sich nicht zurücknehmen.",
	},
	"check.version": {
		English: "Medusa is %s or newer, as its routes show: it does not tell its version. The gateway was tested with %s.",
		Spanish: "Medusa es %s o más nuevo, según sus rutas: no dice su versión. El gateway se probó con %s.",
		German:  "Medusa ist %s oder neuer, wie seine Routen zeigen: seine Version nennt es nicht. Getestet wurde das Gateway mit %s.",
	},
	"check.version.old": {
		English: "Medusa is %s or newer but older than %s, as its routes show: it does not tell its version. The gateway was tested with %s; update Medusa, or try everything you use.",
		Spanish: "Medusa es %s o más nuevo pero anterior a %s, según sus rutas: no dice su versión. El gateway se probó con %s; actualice Medusa o pruebe todo lo que use.",
		German:  "Medusa ist %s oder neuer, aber älter als %s, wie seine Routen zeigen: seine Version nennt es nicht. Getestet wurde das Gateway mit %s; aktualisieren Sie Medusa, oder probieren Sie alles aus, was Sie benutzen.",
	},
	"check.version.ancient": {
		English: "Medusa is older than %s, as its routes show: it does not tell its version. The gateway was tested with %s; update Medusa.",
		Spanish: "Medusa es anterior a %s, según sus rutas: no dice su versión. El gateway se probó con %s; actualice Medusa.",
		German:  "Medusa ist älter als %s, wie seine Routen zeigen: seine Version nennt es nicht. Getestet wurde das Gateway mit %s; aktualisieren Sie Medusa.",
	},
	"check.version.unasked": {
		English: "Medusa is %s or newer, as its routes show: it does not tell its version. Whether it is %s could not be asked, since no publishable key is known. The gateway was tested with %s.",
		Spanish: "Medusa es %s o más nuevo, según sus rutas: no dice su versión. Si es %s no se pudo preguntar, porque no se conoce ninguna clave publicable. El gateway se probó con %s.",
		German:  "Medusa ist %s oder neuer, wie seine Routen zeigen: seine Version nennt es nicht. Ob es %s ist, ließ sich nicht fragen, weil kein öffentlicher Schlüssel bekannt ist. Getestet wurde das Gateway mit %s.",
	},
	"check.version.new": {
		English: "Medusa has feature flags (%s) that %s, with which the gateway was tested, does not have: they are your project's own, or Medusa is newer. If it is, try everything you use.",
		Spanish: "Medusa tiene opciones (feature flags: %s) que no tiene %s, con la que se probó el gateway: son de su proyecto, o Medusa es más nuevo. Si lo es, pruebe todo lo que use.",
		German:  "Medusa hat Feature-Flags (%s), die %s, womit das Gateway getestet wurde, nicht hat: sie gehören zu Ihrem Projekt, oder Medusa ist neuer. Wenn ja, probieren Sie alles aus, was Sie benutzen.",
	},
	"check.version.untold": {
		English: "Which version Medusa has could not be told: %s.",
		Spanish: "No se pudo saber qué versión tiene Medusa: %s.",
		German:  "Welche Version Medusa hat, ließ sich nicht feststellen: %s.",
	},
	"check.processes": {
		English: "How many processes Medusa runs as, and with which locks, cannot be seen from outside. If it is more than one, give it a locking module (Redis or PostgreSQL): without it two of them can promise the same stock.",
		Spanish: "Desde fuera no se ve en cuántos procesos corre Medusa ni con qué bloqueos. Si son más de uno, dele un módulo de bloqueo (Redis o PostgreSQL): sin él, dos de ellos pueden prometer el mismo stock.",
		German:  "Von außen ist nicht zu sehen, als wie viele Prozesse Medusa läuft und mit welchen Sperren. Sind es mehrere, geben Sie ihm ein Locking-Modul (Redis oder PostgreSQL): ohne das können zwei von ihnen denselben Bestand versprechen.",
	},
	"check.key": {
		English: "The default publishable key opens %s stock locations, through %s.",
		Spanish: "La clave publicable predeterminada abre %s ubicaciones de stock, por %s.",
		German:  "Der voreingestellte öffentliche Schlüssel öffnet %s Lagerorte, über %s.",
	},
	"check.key.unknown": {
		English: "Medusa does not know the default publishable key: shoppers who send none are refused. Correct DEFAULT_PUBLISHABLE_KEY.",
		Spanish: "Medusa no conoce la clave publicable predeterminada: los compradores que no envían ninguna son rechazados. Corrija DEFAULT_PUBLISHABLE_KEY.",
		German:  "Medusa kennt den voreingestellten öffentlichen Schlüssel nicht: Käufer, die keinen senden, werden abgewiesen. Berichtigen Sie DEFAULT_PUBLISHABLE_KEY.",
	},
	"check.key.revoked": {
		English: "The default publishable key is revoked: shoppers who send none are refused. Put another into DEFAULT_PUBLISHABLE_KEY.",
		Spanish: "La clave publicable predeterminada está revocada: los compradores que no envían ninguna son rechazados. Ponga otra en DEFAULT_PUBLISHABLE_KEY.",
		German:  "Der voreingestellte öffentliche Schlüssel ist widerrufen: Käufer, die keinen senden, werden abgewiesen. Setzen Sie einen anderen in DEFAULT_PUBLISHABLE_KEY.",
	},
	"check.key.channelless": {
		English: "The default publishable key has no sales channel: shoppers are shown no stock. Give it one in Medusa's admin.",
		Spanish: "La clave publicable predeterminada no tiene canal de ventas: los compradores no ven stock. Asígnele uno en el admin de Medusa.",
		German:  "Der voreingestellte öffentliche Schlüssel hat keinen Vertriebskanal: Käufer sehen keinen Bestand. Geben Sie ihm einen in Medusas Admin.",
	},
	"check.key.nothing": {
		English: "The default publishable key opens no stock location: shoppers are shown no stock. Link locations with its sales channels (%s) in Medusa's admin.",
		Spanish: "La clave publicable predeterminada no abre ninguna ubicación de stock: los compradores no ven stock. Enlace ubicaciones con sus canales de ventas (%s) en el admin de Medusa.",
		German:  "Der voreingestellte öffentliche Schlüssel öffnet keinen Lagerort: Käufer sehen keinen Bestand. Verknüpfen Sie Lagerorte mit seinen Vertriebskanälen (%s) in Medusas Admin.",
	},
	"check.database.sqlite": {
		English: "The database %s can be written (version %s of its tables, %s free on its disk). It is for one gateway alone.",
		Spanish: "La base de datos %s se puede escribir (versión %s de sus tablas, %s libres en su disco). Es para un solo gateway.",
		German:  "Die Datenbank %s lässt sich beschreiben (Version %s ihrer Tabellen, %s frei auf ihrer Platte). Sie ist für ein Gateway allein.",
	},
	"check.database.postgres": {
		English: "The database, a PostgreSQL, can be written (version %s of its tables). Several gateways can share it.",
		Spanish: "La base de datos, un PostgreSQL, se puede escribir (versión %s de sus tablas). Varios gateways pueden compartirla.",
		German:  "Die Datenbank, ein PostgreSQL, lässt sich beschreiben (Version %s ihrer Tabellen). Mehrere Gateways können sie sich teilen.",
	},
	"check.database.full": {
		English: "The disk of the database has only %s left. A million changes take 0.7 GB; make room, or no stock can be changed.",
		Spanish: "Al disco de la base de datos solo le quedan %s. Un millón de cambios ocupa 0,7 GB; haga lugar o no se podrá cambiar stock.",
		German:  "Auf der Platte der Datenbank sind nur noch %s frei. Eine Million Änderungen braucht 0,7 GB; schaffen Sie Platz, sonst lässt sich kein Bestand ändern.",
	},
	"check.database.used": {
		English: "The database is in use by a gateway that runs.",
		Spanish: "La base de datos está en uso por un gateway en marcha.",
		German:  "Die Datenbank wird von einem laufenden Gateway benutzt.",
	},
	"check.database.bad": {
		English: "The database cannot be used: %s. Correct STATE_DSN, or what it names.",
		Spanish: "La base de datos no se puede usar: %s. Corrija STATE_DSN o lo que nombra.",
		German:  "Die Datenbank lässt sich nicht benutzen: %s. Berichtigen Sie STATE_DSN oder was es nennt.",
	},
	"check.webhook": {
		English: "WEBHOOK_SECRET is not set: POST /hooks/medusa is not served, and changes made in Medusa are seen at the next reading (every %s).",
		Spanish: "WEBHOOK_SECRET no está definido: POST /hooks/medusa no se atiende, y los cambios hechos en Medusa se ven en la siguiente lectura (cada %s).",
		German:  "WEBHOOK_SECRET ist nicht gesetzt: POST /hooks/medusa wird nicht bedient, und Änderungen in Medusa werden beim nächsten Lesen gesehen (alle %s).",
	},
	"check.cors": {
		English: "CORS_ORIGINS is not set: no page of another origin can call the gateway from a browser.",
		Spanish: "CORS_ORIGINS no está definido: ninguna página de otro origen puede llamar al gateway desde un navegador.",
		German:  "CORS_ORIGINS ist nicht gesetzt: keine Seite anderer Herkunft kann das Gateway aus einem Browser aufrufen.",
	},
	"check.rate": {
		English: "RATE_LIMIT is off: one caller can take all that Medusa can do.",
		Spanish: "RATE_LIMIT está desactivado: un solo cliente puede ocupar todo lo que Medusa puede hacer.",
		German:  "RATE_LIMIT ist aus: ein einziger Aufrufer kann alles beanspruchen, was Medusa leistet.",
	},

	"demo.runs": {
		English: "The Cannahub gateway runs at %s, in front of an in-memory Medusa; Ctrl-C ends both",
		Spanish: "El gateway de Cannahub corre en %s, delante de un Medusa en memoria; Ctrl-C termina ambos",
		German:  "Das Cannahub-Gateway läuft unter %s, vor einem Medusa im Speicher; Strg-C beendet beide",
	},
	"demo.board": {
		English: "The stock board:   %s",
		Spanish: "El tablero:        %s",
		German:  "Die Bestandstafel: %s",
	},
	"demo.docs": {
		English: "The API reference: %s",
		Spanish: "La referencia:     %s",
		German:  "Die API-Referenz:  %s",
	},
	"demo.user": {
		English: "Sign in there with %s and the password %s",
		Spanish: "Inicie sesión allí con %s y la contraseña %s",
		German:  "Melden Sie sich dort mit %s und dem Passwort %s an",
	},
	"demo.token": {
		English: "A token of that user, good for a day, and the publishable key of the shop:",
		Spanish: "Un token de ese usuario, válido por un día, y la clave publicable de la tienda:",
		German:  "Ein Token dieses Benutzers, einen Tag gültig, und der öffentliche Schlüssel des Shops:",
	},
	"demo.requests": {
		English: "Three requests to try:",
		Spanish: "Tres solicitudes para probar:",
		German:  "Drei Anfragen zum Ausprobieren:",
	},
}
